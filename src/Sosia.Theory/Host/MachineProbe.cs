using System;
using System.Threading;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Execution;
using Sosia.Core.Memory;
using Sosia.Core.Time;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;

namespace Sosia.Theory.Host;

/// <summary>
/// Executes snippets in a small machine that any engine runs: the interpreter, which so says what the instruction table means, or KVM, which so asks the processor what it
/// does at privilege level 0. A kernel of nothing but tables (<see cref="ProbeKernel"/>) gives them what they find in a cell: the same addresses, selectors and gates.
/// </summary>
internal sealed unsafe class MachineProbe : IDisposable
{
    // A snippet is one instruction, or a few in tests; then come the breakpoint after it and the handler's HLT.
    private const long MaxInstructions = 1000;

    // An engine that uses the hardware may not get back by itself.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly IEngine _engine;
    private readonly bool _isOther;
    private readonly GuestRam _ram = new(CellLayout.SharedByteCount + ProbeKernel.ByteCount);
    private readonly MemoryBus _memory;
    private readonly X86Cpu _cpu;

    /// <summary>Creates the machine.</summary>
    /// <param name="engine">What runs it; disposed with it.</param>
    /// <param name="isOther">
    /// False for the one machine, true for another one that differs in everything that is not the program's: where its tables are and what is in them, control registers,
    /// IOPL, the processor's model and counter. What a program at privilege level 3 can tell apart by an instruction, that instruction reveals.
    /// </param>
    public MachineProbe(IEngine engine, bool isOther = false)
    {
        _engine = engine;
        _isOther = isOther;
        var log = new DiagnosticLog();
        _memory = new MemoryBus(_ram, log);
        _memory.MapRam(CellLayout.Shared, 0, CellLayout.SharedByteCount);
        _memory.MapRam(ProbeKernel.Address, CellLayout.SharedByteCount, ProbeKernel.ByteCount);
        var ports = new PortBus(log);
        var clock = new MachineClock(engine.CountsInstructions ? ClockMode.Deterministic : ClockMode.RealTime);
        _cpu = new X86Cpu(0, _memory, ports, clock, model: isOther ? CpuModel.X8664V2 : CpuModel.X8664V3);
        clock.AttachCounter(_cpu);
        engine.Attach(new ProbeHardware(_memory, ports, clock, log, [_cpu]));
    }

    /// <summary>Executes a snippet.</summary>
    /// <param name="snippet">The snippet.</param>
    /// <param name="privilegeLevel">3, or 0.</param>
    /// <param name="umip">CR4.UMIP.</param>
    public SnippetOutcome Run(Snippet snippet, int privilegeLevel, bool umip = false)
    {
        _cpu.Reset();
        Span<byte> code = stackalloc byte[CellLayout.CodeByteCount];
        code.Fill(CellLayout.Fill);
        snippet.Code.CopyTo(code[(int)(CellLayout.Code & 0xfff)..]);
        _memory.WriteBytes(CellLayout.Shared + CellLayout.CodeOffset, code);
        _memory.WriteBytes(CellLayout.Data, snippet.Data);
        ProbeKernel.SetUp(_cpu, snippet, privilegeLevel, umip, _isOther);
        ExitReason exit;
        using (new Timer(static cpu => ((X86Cpu)cpu!).Kick(), _cpu, Timeout, System.Threading.Timeout.InfiniteTimeSpan))
        {
            // An exact number of instructions would be another engine's work, where this one does not count.
            exit = _engine.Run(_cpu, new RunLimits(_engine.CountsInstructions ? MaxInstructions : RunLimits.Unlimited));
        }

        _engine.LeaveMachine();
        if (_engine.Counters.InstructionsInterpretedForHost != 0)
        {
            return new SnippetOutcome { End = SnippetEnd.NotStarted, Problem = $"the engine {_engine.Name} cannot execute it, and has it interpreted" };
        }

        return exit switch
        {
            ExitReason.Halted => Judge(_cpu, snippet),
            ExitReason.BudgetUsed or ExitReason.Kicked => new SnippetOutcome { End = SnippetEnd.TimedOut },
            ExitReason.Shutdown => new SnippetOutcome { End = SnippetEnd.Died, Problem = "shuts down" },
            _ => new SnippetOutcome { End = SnippetEnd.Died, Problem = $"the engine {_engine.Name} stopped: {exit}" },
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _engine.Dispose();
        _cpu.Dispose();
        _ram.Dispose();
    }

    private static SnippetOutcome Judge(X86Cpu cpu, Snippet snippet)
    {
        CellRegisters registers = ReadRegisters(cpu);
        byte[] data = new byte[CellLayout.DataByteCount];
        cpu.Memory.ReadBytes(CellLayout.Data, data);
        if (ProbeKernel.IsServiceEntry(registers.Rip))
        {
            return new SnippetOutcome { End = SnippetEnd.EnteredKernel, Registers = registers, Data = data };
        }

        int vector = ProbeKernel.VectorOf(registers.Rip);
        if (vector < 0)
        {
            // Its own HLT, at privilege level 0.
            return new SnippetOutcome { End = registers.Rip == snippet.End ? SnippetEnd.Completed : SnippetEnd.Died, Registers = registers, Data = data };
        }

        ulong frame = registers.General[4];
        uint errorCode = 0;
        if (ProbeKernel.HasErrorCode(vector))
        {
            errorCode = (uint)cpu.Memory.Read(frame, 8);
            frame += 8;
        }

        registers.Rip = cpu.Memory.Read(frame, 8);
        registers.Segments[1] = (ushort)cpu.Memory.Read(frame + 8, 8);
        registers.Rflags = cpu.Memory.Read(frame + 16, 8);
        registers.General[4] = cpu.Memory.Read(frame + 24, 8);
        registers.Segments[2] = (ushort)cpu.Memory.Read(frame + 32, 8);
        return new SnippetOutcome
        {
            End = vector >= ProbeKernel.ExceptionCount ? SnippetEnd.EnteredKernel : SnippetOutcome.EndOf(vector, registers.Rip, snippet),
            Vector = vector,
            ErrorCode = errorCode,
            FaultAddress = vector == ExceptionVector.PageFault ? cpu.State->Cr2 : 0,
            Registers = registers,
            Data = data,
        };
    }

    private static CellRegisters ReadRegisters(X86Cpu cpu)
    {
        X86State* st = cpu.State;
        var registers = new CellRegisters { Rip = st->Rip, Rflags = cpu.Rflags };
        for (int i = 0; i < 16; i++)
        {
            registers.General[i] = st->Gpr[i];
        }

        ushort[] selectors = [st->Es.Selector, st->Cs.Selector, st->Ss.Selector, st->Ds.Selector, st->Fs.Selector, st->Gs.Selector];
        selectors.CopyTo(registers.Segments, 0);
        return registers;
    }
}
