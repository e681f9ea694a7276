using System;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Memory;
using Sosia.Core.Time;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Tests.Oracle;

namespace Sosia.Isa.X86.Tests;

/// <summary>
/// A CPU with a few MiB of RAM and nothing else, and the simplest engine there is: one decoded instruction at a time through its
/// table row, so that helpers are tested through encoding, lowering and fault delivery.
/// </summary>
public sealed unsafe class TestMachine : IDisposable
{
    private readonly MachineClock _clock = new(ClockMode.Deterministic);
    // Two operations' room before the one executed stands for the block header.
    private readonly Op[] _ops = GC.AllocateArray<Op>(5, pinned: true);
    private readonly JumpCacheEntry[] _jumpCache = GC.AllocateArray<JumpCacheEntry>(JumpCacheEntry.Count, pinned: true);

    public TestMachine(ulong ramByteCount = 8 << 20, int index = 0, CpuModel? model = null)
    {
        Ram = new GuestRam(ramByteCount);
        var log = new DiagnosticLog();
        Memory = new MemoryBus(Ram, log);
        Memory.MapRam(0, 0, ramByteCount);
        Ports = new PortBus(log);
        Cpu = new X86Cpu(index, Memory, Ports, _clock, model: model ?? CpuModel.X8664V3);
        _clock.AttachCounter(Cpu);
        Cpu.State->JumpCache = (JumpCacheEntry*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _jumpCache[0]);
    }

    /// <summary>Where the Enter methods puts things.</summary>
    public const uint Gdt = 0x1000;
    public const uint Idt = 0x2000;
    public const uint Tss = 0x3000;
    public const uint PageTables = 0x10_0000;

    /// <summary>Selectors of the Enter methods.</summary>
    public const ushort KernelCode = 0x08;
    public const ushort KernelData = 0x10;
    public const ushort UserCode = 0x1b;
    public const ushort UserData = 0x23;
    public const ushort TaskState = 0x28;
    public const ushort KernelCode16 = 0x38;
    public const ushort FreeSlot = 0x40;

    /// <summary>A descriptor from its parts.</summary>
    public static ulong Segment(uint segmentBase, uint limit, int access, int flags = 0)
        => (limit & 0xffff) | ((ulong)(segmentBase & 0xff_ffff) << 16) | ((ulong)(byte)access << 40)
            | ((ulong)((limit >> 16) & 15) << 48) | ((ulong)flags << 52) | ((ulong)(segmentBase >> 24) << 56);

    /// <summary>A gate descriptor.</summary>
    public static ulong Gate(ushort selector, uint offset, int access, int parameters = 0)
        => (offset & 0xffff) | ((ulong)selector << 16) | ((ulong)parameters << 32) | ((ulong)(byte)access << 40) | ((ulong)(offset >> 16) << 48);

    public GuestRam Ram { get; }

    public MemoryBus Memory { get; }

    public PortBus Ports { get; }

    public X86Cpu Cpu { get; }

    public X86State* State => Cpu.State;

    /// <summary>The fault that the last <see cref="Step"/> raised before it was delivered: vector, or −1.</summary>
    public int FaultVector { get; private set; } = -1;

    public uint FaultErrorCode { get; private set; }

    public void Write(ulong guestPhysical, params byte[] bytes) => Memory.WriteBytes(guestPhysical, bytes);

    public void Write16(ulong guestPhysical, ushort value) => Memory.Write(guestPhysical, 2, value);

    public void Write32(ulong guestPhysical, uint value) => Memory.Write(guestPhysical, 4, value);

    public void Write64(ulong guestPhysical, ulong value) => Memory.Write(guestPhysical, 8, value);

    public ushort Read16(ulong guestPhysical) => (ushort)Memory.Read(guestPhysical, 2);

    public uint Read32(ulong guestPhysical) => (uint)Memory.Read(guestPhysical, 4);

    public ulong Read64(ulong guestPhysical) => Memory.Read(guestPhysical, 8);

    /// <summary>Executes the given bytes as if they stood at CS:RIP, without delivering a fault.</summary>
    /// <returns>True when the instruction completed.</returns>
    public bool Execute(params byte[] code)
    {
        X86State* st = State;
        FaultVector = -1;
        FaultErrorCode = 0;
        if (Decoder.Decode(code, st->CodeBits, Cpu.Model.Features, out DecodedInstruction instruction) != DecodeStatus.Ok)
        {
            throw new ArgumentException("The test's bytes are no whole instruction.");
        }

        Op* op = (Op*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _ops[2]);
        Lowering.Lower(instruction, op, 0, 0);
        op[1] = default;
        st->Exit = BlockExit.None;
        st->BlockRip = st->Rip;
        st->CurrentOp = op;
        ulong before = st->Rip;
        Op* next = op->Handler(st, op);
        if (st->Exit == BlockExit.Fault)
        {
            InstructionCoverage.Count(instruction.Row, faulted: true);
            st->CurrentOp = null;
            st->Rip = before;
            FaultVector = st->FaultVector;
            FaultErrorCode = st->FaultErrorCode;
            return false;
        }

        if (st->Exit == BlockExit.BeforeInstruction)
        {
            st->CurrentOp = null;
            st->Exit = BlockExit.None;
            st->Rip = before;
            return true;
        }

        bool ends = next == null && st->Exit == BlockExit.None;
        bool rowEnds = instruction.Row is { } row && (row.Flags & RowFlags.EndsBlock) != 0;
        if (!ends && !rowEnds)
        {
            ulong rip = before + (ulong)instruction.Length;
            st->Rip = st->CodeBits == 64 ? rip : st->CodeBits == 32 ? (uint)rip : (ushort)rip;
        }

        InstructionCoverage.Count(instruction.Row, faulted: false);
        st->Exit = BlockExit.None;
        st->CurrentOp = null;
        st->RetiredAtBlock++;
        return true;
    }

    /// <summary>Fetches at CS:RIP, executes one instruction and delivers its fault, after the events of the boundary.</summary>
    public BoundaryAction Step()
    {
        BoundaryAction action = Cpu.ServiceEvents();
        if (action is not (BoundaryAction.Run or BoundaryAction.RunOne))
        {
            return action;
        }

        X86State* st = State;
        ulong linear = st->CodeBits == 64 ? st->Rip : (uint)(st->Cs.Base + st->Rip);
        Span<byte> code = stackalloc byte[15];
        if (!Cpu.TranslateFetch(linear, out ulong guestPhysical))
        {
            FaultVector = st->FaultVector;
            FaultErrorCode = st->FaultErrorCode;
            Cpu.DeliverFault();
            return action;
        }

        Memory.ReadBytes(guestPhysical, code);
        Decoder.Decode(code, st->CodeBits, out DecodedInstruction instruction);
        if (!Execute(code[..instruction.Length].ToArray()))
        {
            Cpu.DeliverFault();
        }

        return action;
    }

    /// <summary>
    /// Flat protected mode with a GDT, an IDT of 32-bit interrupt gates (vector n at 0x5000 + 16 n, DPL 0) and a 32-bit TSS whose level 0
    /// stack is 10:8000; CPL 0.
    /// </summary>
    public void EnterProtected()
    {
        X86State* st = State;
        SetGdt(isLong: false);
        for (int i = 0; i < 256; i++)
        {
            Write64(Idt + (uint)(i * 8), Gate(KernelCode, (uint)(0x5000 + (16 * i)), 0x8e));
        }

        st->IdtrBase = Idt;
        st->IdtrLimit = 0x7ff;
        Write32(Tss + 4, 0x8000);
        Write16(Tss + 8, KernelData);
        st->Cr0 |= ControlBits.Cr0Pe | ControlBits.Cr0Ne;
        EnterFlat(0, isLong: false);
    }

    /// <summary>
    /// 64-bit mode, CPL 0, with an IDT of interrupt gates (vector n at 0x5000 + 16 n), a TSS with RSP0 = 0x8000 and IST1 = 0x9008, and the
    /// first GiB mapped one to one for user and supervisor by a page of 1 GiB.
    /// </summary>
    public void EnterLong()
    {
        X86State* st = State;
        SetGdt(isLong: true);
        for (int i = 0; i < 256; i++)
        {
            Write64(Idt + (uint)(i * 16), Gate(KernelCode, (uint)(0x5000 + (16 * i)), 0x8e));
            Write64(Idt + (uint)(i * 16) + 8, 0);
        }

        st->IdtrBase = Idt;
        st->IdtrLimit = 0xfff;
        Write64(Tss + 4, 0x8000);
        Write64(Tss + 36, 0x9008);
        Write64(PageTables, (PageTables + 0x1000) | 7);
        Write64(PageTables + 0x1000, 0x87);
        st->Cr3 = PageTables;
        st->Cr4 = ControlBits.Cr4Pae;
        st->Efer = ControlBits.EferLme | ControlBits.EferLma | ControlBits.EferNxe | ControlBits.EferSce;
        st->Cr0 |= ControlBits.Cr0Pe | ControlBits.Cr0Ne | ControlBits.Cr0Wp | ControlBits.Cr0Pg;
        EnterFlat(0, isLong: true);
    }

    /// <summary>Loads flat CS, SS, DS and ES of a level; the stack pointer becomes 0x7000 (level 0) or 0x6000 (level 3).</summary>
    public void EnterFlat(int cpl, bool isLong)
    {
        X86State* st = State;
        var code = new SegmentRegister
        {
            Selector = cpl == 0 ? KernelCode : UserCode,
            Limit = uint.MaxValue,
            Attributes = (ushort)(0x9b | (cpl << 5) | (isLong ? 0xa00 : 0xc00)),
        };
        var data = new SegmentRegister { Selector = cpl == 0 ? KernelData : UserData, Limit = uint.MaxValue, Attributes = (ushort)(0xc93 | (cpl << 5)) };
        code.UpdateFastLimits();
        data.UpdateFastLimits();
        st->Cs = code;
        st->Ss = data;
        st->Ds = data;
        st->Es = data;
        st->Cpl = cpl;
        st->Rip = 0x2_0000;
        st->Gpr[4] = cpl == 0 ? 0x7000UL : 0x6000;
        Cpu.UpdateMode();
        Cpu.FlushTlb(keepGlobal: false);
    }

    private void SetGdt(bool isLong)
    {
        X86State* st = State;
        int codeFlags = isLong ? 0xa : 0xc;
        ulong[] entries =
        [
            0,
            Segment(0, 0xf_ffff, 0x9b, codeFlags),
            Segment(0, 0xf_ffff, 0x93, 0xc),
            Segment(0, 0xf_ffff, 0xfb, codeFlags),
            Segment(0, 0xf_ffff, 0xf3, 0xc),
            Segment(Tss, 0x2067, 0x8b),
            0,
            Segment(0, 0xffff, 0x9b),
        ];
        for (int i = 0; i < entries.Length; i++)
        {
            Write64(Gdt + (uint)(8 * i), entries[i]);
        }

        st->GdtrBase = Gdt;
        st->GdtrLimit = 0xff;
        st->Tr = new SegmentRegister { Selector = TaskState, Base = Tss, Limit = 0x2067, Attributes = 0x8b };
    }

    public void Dispose()
    {
        Cpu.Dispose();
        Ram.Dispose();
    }
}
