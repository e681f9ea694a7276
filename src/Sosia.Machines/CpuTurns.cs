using System.Collections.Generic;
using Sosia.Core.Execution;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;

namespace Sosia.Machines;

/// <summary>
/// Several processors on one thread: each retires some ten thousand instructions, or fewer when it has nothing to do, then it is the next one's
/// turn. Whose turn it is depends on nothing but retired instructions, so that two runs have the same history wherever they are interrupted.
/// </summary>
public sealed class CpuTurns : IInstructionCounter, ISnapshotable
{
    /// <summary>How many instructions a processor retires in its turn, at least.</summary>
    public const long Quantum = 10_000;

    // Turns of one length would all end at the same instruction of a short loop: a processor that gives a lock away only for an instant of each
    // round, as SeaBIOS does while it waits for the others, would hold it at the end of every turn.
    private const int VariationBits = 6;

    private readonly IReadOnlyList<IVcpu> _cpus;
    private int _index;
    private long _turnEnd;
    private int _haltedInARow;

    /// <summary>Creates the turns of processors that have retired nothing.</summary>
    /// <param name="cpus">The processors; may still be added to.</param>
    internal CpuTurns(IReadOnlyList<IVcpu> cpus)
    {
        _cpus = cpus;
        _turnEnd = Length(0);
    }

    /// <summary>The processor whose turn it is.</summary>
    public IVcpu Current => _cpus[_index];

    /// <inheritdoc/>
    /// <remarks>The sum over all processors: deterministic time passes for all of them while one of them executes.</remarks>
    public long RetiredInstructions
    {
        get
        {
            long sum = 0;
            for (int i = 0; i < _cpus.Count; i++)
            {
                sum += _cpus[i].RetiredInstructions;
            }

            return sum;
        }
    }

    /// <inheritdoc/>
    public string SnapshotName => "turns";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>How many more instructions the current processor may retire; a lone processor's turn does not end.</summary>
    public long InstructionsLeft => _cpus.Count == 1 ? long.MaxValue : _turnEnd - Current.RetiredInstructions;

    /// <summary>The current processor was run: the next one's turn begins if this one's is over.</summary>
    /// <param name="instructionCount">How many instructions it has retired.</param>
    public void Ran(long instructionCount)
    {
        if (instructionCount != 0)
        {
            _haltedInARow = 0;
        }

        if (InstructionsLeft <= 0)
        {
            Next();
        }
    }

    /// <summary>The current processor was run and now waits for an interrupt: it is the next one's turn.</summary>
    /// <param name="instructionCount">How many instructions it has retired.</param>
    /// <returns>True when all of them wait.</returns>
    public bool Halted(long instructionCount)
    {
        Next();
        _haltedInARow = instructionCount == 0 ? _haltedInARow + 1 : 1;
        if (_haltedInARow < _cpus.Count)
        {
            return false;
        }

        _haltedInARow = 0;
        return true;
    }

    /// <summary>Begins with the first processor.</summary>
    public void Reset()
    {
        _index = _cpus.Count - 1;
        _haltedInARow = 0;
        Next();
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("index", _index);
        writer.Write("left", InstructionsLeft);
        writer.Write("halted-in-a-row", _haltedInARow);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        _index = (int)((uint)reader.ReadInt32("index") % (uint)_cpus.Count);
        _turnEnd = Current.RetiredInstructions + reader.ReadInt64("left");
        _haltedInARow = reader.ReadInt32("halted-in-a-row");
    }

    /// <summary>Begins the next processor's turn.</summary>
    public void Next()
    {
        _index = _index + 1 < _cpus.Count ? _index + 1 : 0;
        _turnEnd = Current.RetiredInstructions + Length(Current.RetiredInstructions);
    }

    // Depends on what has been retired and on nothing else. The factor is 2^64 divided by the golden ratio.
    private static long Length(long retired) => Quantum + (long)((ulong)retired * 0x9e37_79b9_7f4a_7c15 >> (64 - VariationBits));
}
