using System;
using System.Runtime.InteropServices;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Memory;
using Sosia.Core.Time;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Tests.Oracle;

/// <summary>
/// One emulated CPU without an engine, which executes single instructions: in 64-bit or flat 32-bit code at CPL 0 without paging, or in
/// real mode. Linear addresses are guest physical addresses.
/// </summary>
public sealed unsafe class EmulatedCpu : IDisposable
{
    private readonly GuestRam _ram;
    private readonly Op* _ops;
    private readonly byte* _header;

    /// <summary>Creates the CPU.</summary>
    /// <param name="ramAddress">Guest physical address of the RAM; a multiple of 4096.</param>
    /// <param name="ramBytes">Size of the RAM.</param>
    public EmulatedCpu(uint ramAddress, int ramBytes)
    {
        var log = new DiagnosticLog();
        _ram = new GuestRam((ulong)ramBytes);
        Memory = new MemoryBus(_ram, log);
        Memory.MapRam(ramAddress, 0, (ulong)ramBytes);
        Cpu = new X86Cpu(0, Memory, new PortBus(log), new MachineClock(ClockMode.Deterministic), model: CpuModel.X8664V3);
        RamBytes = ramBytes;
        // SAFETY: a block header and two operations, as handlers expect them.
        _header = (byte*)NativeMemory.AllocZeroed((nuint)(sizeof(Block) + (2 * sizeof(Op))));
        _ops = (Op*)(_header + sizeof(Block));
        State->JumpCache = (JumpCacheEntry*)NativeMemory.AllocZeroed((nuint)(sizeof(JumpCacheEntry) * JumpCacheEntry.Count));
    }

    public X86Cpu Cpu { get; }

    public MemoryBus Memory { get; }

    public X86State* State => Cpu.State;

    /// <summary>The RAM.</summary>
    public Span<byte> Ram => new(_ram.HostBase, RamBytes);

    /// <summary>The last instruction; its row is null when the bytes were undefined.</summary>
    public DecodedInstruction Decoded { get; private set; }

    /// <summary>What the instruction sees as retire limit; 0 is a kick.</summary>
    public long RetireLimit { get; set; } = long.MaxValue;

    private int RamBytes { get; }

    /// <summary>Selects 64-bit or 32-bit protected code, flat, or 16-bit real mode.</summary>
    public void SetMode(int codeBits)
    {
        X86State* st = State;
        st->Efer = codeBits == 64 ? ControlBits.EferLme | ControlBits.EferLma : 0;
        // As an operating system sets it: x87 exceptions raise #MF.
        st->Cr0 = ControlBits.Cr0Et | ControlBits.Cr0Ne | (codeBits == 16 ? 0 : ControlBits.Cr0Pe);
        ushort data = SegmentRegister.Present | SegmentRegister.CodeOrData | SegmentRegister.WritableOrReadable | SegmentRegister.Accessed;
        if (codeBits != 16)
        {
            data |= SegmentRegister.Big | SegmentRegister.Granularity;
        }

        uint limit = codeBits == 16 ? 0xffff : uint.MaxValue;
        ushort code = codeBits == 64 ? (ushort)((data & ~SegmentRegister.Big) | SegmentRegister.Long) : data;
        Set(ref st->Cs, (ushort)(codeBits == 16 ? data : code | SegmentRegister.Code), limit);
        Set(ref st->Ds, data, limit);
        Set(ref st->Es, data, limit);
        Set(ref st->Ss, data, limit);
        Set(ref st->Fs, data, limit);
        Set(ref st->Gs, data, limit);
        st->Cpl = 0;
        st->Cr4 = ControlBits.Cr4Osfxsr | ControlBits.Cr4Osxsave;
        st->Xcr0 = 7;
        Cpu.UpdateMode();
        Cpu.FlushTlb(keepGlobal: false);
    }

    /// <summary>Takes over user-visible registers.</summary>
    public void Load(OracleState* from)
    {
        X86State* st = State;
        for (int i = 0; i < 16; i++)
        {
            st->Gpr[i] = from->Gpr[i];
        }

        Cpu.Rflags = (from->Rflags & 0xcd5) | 0x202;
        byte* fx = from->Fx;
        st->Fcw = *(ushort*)fx;
        st->Fsw = *(ushort*)(fx + 2);
        st->Ftw = fx[4];
        st->Fop = *(ushort*)(fx + 6);
        st->Fip = *(ulong*)(fx + 8);
        st->Fcs = 0;
        st->Fdp = *(ulong*)(fx + 16);
        st->Fds = 0;
        st->Mxcsr = *(uint*)(fx + 24);
        int top = (st->Fsw >> 11) & 7;
        for (int i = 0; i < 8; i++)
        {
            int physical = (top + i) & 7;
            st->X87[2 * physical] = *(ulong*)(fx + 32 + (16 * i));
            st->X87[(2 * physical) + 1] = *(ushort*)(fx + 40 + (16 * i));
        }

        for (int i = 0; i < 16; i++)
        {
            st->Vector[4 * i] = *(ulong*)(fx + 160 + (16 * i));
            st->Vector[(4 * i) + 1] = *(ulong*)(fx + 168 + (16 * i));
            st->Vector[(4 * i) + 2] = from->YmmHigh[2 * i];
            st->Vector[(4 * i) + 3] = from->YmmHigh[(2 * i) + 1];
        }
    }

    /// <summary>Gives user-visible registers back; the x87 instruction and operand pointers are left alone.</summary>
    public void Store(OracleState* to)
    {
        X86State* st = State;
        for (int i = 0; i < 16; i++)
        {
            to->Gpr[i] = st->Gpr[i];
        }

        to->Rflags = Cpu.Rflags;
        byte* fx = to->Fx;
        *(ushort*)fx = st->Fcw;
        *(ushort*)(fx + 2) = st->Fsw;
        fx[4] = st->Ftw;
        *(uint*)(fx + 24) = st->Mxcsr;
        int top = (st->Fsw >> 11) & 7;
        for (int i = 0; i < 8; i++)
        {
            int physical = (top + i) & 7;
            *(ulong*)(fx + 32 + (16 * i)) = st->X87[2 * physical];
            *(ushort*)(fx + 40 + (16 * i)) = (ushort)st->X87[(2 * physical) + 1];
        }

        for (int i = 0; i < 16; i++)
        {
            *(ulong*)(fx + 160 + (16 * i)) = st->Vector[4 * i];
            *(ulong*)(fx + 168 + (16 * i)) = st->Vector[(4 * i) + 1];
            to->YmmHigh[2 * i] = st->Vector[(4 * i) + 2];
            to->YmmHigh[(2 * i) + 1] = st->Vector[(4 * i) + 3];
        }
    }

    /// <summary>Executes one instruction.</summary>
    /// <param name="instruction">Its bytes.</param>
    /// <param name="codeBits">The width of code that <see cref="SetMode"/> selected.</param>
    /// <param name="rip">Where it stands.</param>
    /// <returns>How it ended; <see cref="BlockExit.None"/> when it is complete.</returns>
    public BlockExit Run(ReadOnlySpan<byte> instruction, int codeBits, ulong rip)
    {
        X86State* st = State;
        if (Decoder.Decode(instruction, codeBits, out DecodedInstruction decoded) != DecodeStatus.Ok)
        {
            throw new InvalidOperationException($"{Convert.ToHexString(instruction)} is not a whole instruction.");
        }

        Decoded = decoded;
        Lowering.Lower(decoded, _ops, 0, 0);
        _ops[1] = default;
        ((Block*)_header)->Taken = null;
        ((Block*)_header)->FallThrough = null;
        st->BlockRip = rip;
        st->Rip = Wrap(rip + (ulong)decoded.Length, codeBits);
        st->CurrentOp = _ops;
        st->Exit = BlockExit.None;
        st->RetireLimit = RetireLimit;
        Op* next = _ops->Handler(st, _ops);
        if (next != null && (next != _ops + 1 || st->Exit != BlockExit.None))
        {
            throw new InvalidOperationException($"{decoded.Row}: the handler returned an operation that is not the next one, or with an exit reason.");
        }

        BlockExit exit = st->Exit;
        if (exit is BlockExit.Fault or BlockExit.BeforeInstruction)
        {
            st->Rip = rip;
        }

        if (exit != BlockExit.BeforeInstruction)
        {
            InstructionCoverage.Count(decoded.Row, exit == BlockExit.Fault);
        }

        st->CurrentOp = null;
        st->Exit = BlockExit.None;
        return exit;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_header);
        NativeMemory.Free(State->JumpCache);
        Cpu.Dispose();
        _ram.Dispose();
    }

    private static ulong Wrap(ulong rip, int codeBits) => codeBits == 64 ? rip : codeBits == 32 ? (uint)rip : (ushort)rip;

    private static void Set(ref SegmentRegister segment, ushort attributes, uint limit)
    {
        segment.Base = 0;
        segment.Limit = limit;
        segment.Attributes = attributes;
        segment.UpdateFastLimits();
    }
}
