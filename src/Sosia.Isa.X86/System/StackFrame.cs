using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>
/// A stack being pushed to or popped from before anything is committed: SS and the stack pointer are copies, which the caller stores
/// when all has gone well.
/// </summary>
internal unsafe struct StackFrame
{
    private readonly X86Cpu _cpu;
    private readonly AccessPrivilege _privilege;
    private readonly uint _error;
    private readonly int _bits;
    private SegmentRegister _segment;

    /// <summary>The current stack.</summary>
    public StackFrame(X86Cpu cpu)
        : this(cpu, cpu.State->Ss, cpu.State->Gpr[4], cpu.State->StackBits, cpu.Privilege, 0)
    {
    }

    /// <summary>Some stack.</summary>
    /// <param name="cpu">The CPU.</param>
    /// <param name="segment">SS; ignored when <paramref name="bits"/> is 64.</param>
    /// <param name="pointer">The stack pointer.</param>
    /// <param name="bits">Width of the stack pointer.</param>
    /// <param name="privilege">On whose behalf it is accessed.</param>
    /// <param name="error">Error code of #SS when the segment refuses.</param>
    public StackFrame(X86Cpu cpu, in SegmentRegister segment, ulong pointer, int bits, AccessPrivilege privilege, uint error)
    {
        _cpu = cpu;
        _segment = segment;
        _bits = bits;
        _privilege = privilege;
        _error = error;
        Pointer = pointer;
    }

    /// <summary>The stack pointer, with the bits above the stack's width as they were.</summary>
    public ulong Pointer { get; private set; }

    /// <summary>Pushes 2, 4 or 8 bytes.</summary>
    /// <returns>False when it faulted.</returns>
    public bool Push(int byteCount, ulong value)
    {
        ulong next = Moved(-byteCount);
        if (!Linear(next, byteCount, isWrite: true, out ulong linear) || !_cpu.WriteLinear(linear, byteCount, _privilege, value))
        {
            return false;
        }

        _cpu.WatchData(linear, byteCount, isWrite: true);
        Pointer = next;
        return true;
    }

    /// <summary>Pops 2, 4 or 8 bytes.</summary>
    /// <returns>False when it faulted.</returns>
    public bool Pop(int byteCount, out ulong value)
    {
        if (!Peek(0, byteCount, out value))
        {
            return false;
        }

        Pointer = Moved(byteCount);
        return true;
    }

    /// <summary>Reads above the stack pointer.</summary>
    /// <returns>False when it faulted.</returns>
    public bool Peek(int offset, int byteCount, out ulong value)
    {
        value = 0;
        return Linear(Moved(offset), byteCount, isWrite: false, out ulong linear)
            && _cpu.ReadLinear(linear, byteCount, _privilege, PageAccess.Read, out value)
            && _cpu.WatchData(linear, byteCount, isWrite: false);
    }

    /// <summary>Moves the pointer up.</summary>
    public void Release(int byteCount) => Pointer = Moved(byteCount);

    private readonly ulong Moved(int byteCount)
    {
        ulong moved = Pointer + (ulong)(long)byteCount;
        return _bits switch
        {
            64 => moved,
            32 => (uint)moved,
            _ => (Pointer & ~0xffffUL) | (ushort)moved,
        };
    }

    private bool Linear(ulong pointer, int byteCount, bool isWrite, out ulong linear)
    {
        if (_bits == 64)
        {
            linear = pointer;
            if (_cpu.IsCanonical(pointer) && _cpu.IsCanonical(pointer + (ulong)byteCount - 1))
            {
                return true;
            }
        }
        else
        {
            ulong offset = _bits == 32 ? (uint)pointer : (ushort)pointer;
            linear = (_segment.Base + offset) & 0xffff_ffff;
            if (MemoryAccess.IsWithin(ref _segment, offset, byteCount, isWrite))
            {
                return true;
            }
        }

        _cpu.Fault(ExceptionVector.StackFault, _error);
        return false;
    }
}
