using System;
using System.Buffers.Binary;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>FXSAVE, FXRSTOR, XSAVE, XSAVEOPT, XRSTOR, LDMXCSR, STMXCSR (SDM vol. 2; vol. 1, 10.5 and chapter 13).</summary>
internal static unsafe class ExtendedState
{
    private const int LegacyByteCount = 512;
    private const int HeaderAt = 512;
    private const int AreaByteCount = 576;
    private const int MxcsrAt = 24;
    private const int X87At = 32;
    private const int XmmAt = 160;
    private const uint MxcsrDefault = 0x1f80;
    private const uint MxcsrMask = 0xffff;
    private const ulong ComponentX87 = 1;
    private const ulong ComponentSse = 2;

    /// <summary>FXSAVE.</summary>
    public static void Fxsave(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        if (!CheckAvailable(cpu, needsNoEmulation: true) || !Address(cpu, op, LegacyByteCount, 16, isWrite: true, out ulong linear))
        {
            return;
        }

        Span<byte> area = stackalloc byte[LegacyByteCount];
        // Bytes 464–511 are the software's: they keep what is in memory.
        if (!MemoryAccess.ReadBytes(st, linear, area))
        {
            return;
        }

        SaveX87(st, area, OperandForm.ByteCount(op) == 8);
        SaveMxcsr(st, area);
        SaveXmm(st, area);
        MemoryAccess.WriteBytes(st, linear, area);
    }

    /// <summary>FXRSTOR.</summary>
    public static void Fxrstor(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        Span<byte> area = stackalloc byte[LegacyByteCount];
        if (!CheckAvailable(cpu, needsNoEmulation: true) || !Address(cpu, op, LegacyByteCount, 16, isWrite: false, out ulong linear)
            || !MemoryAccess.ReadBytes(st, linear, area) || !CheckMxcsr(cpu, area))
        {
            return;
        }

        LoadX87(st, area, OperandForm.ByteCount(op) == 8);
        st->Mxcsr = BinaryPrimitives.ReadUInt32LittleEndian(area[MxcsrAt..]);
        LoadXmm(st, area);
    }

    /// <summary>XSAVE.</summary>
    public static void Xsave(X86Cpu cpu, Op* op) => Save(cpu, op, optimize: false);

    /// <summary>XSAVEOPT: components in their initial state are not written (the init optimisation; there is no modified optimisation).</summary>
    public static void Xsaveopt(X86Cpu cpu, Op* op) => Save(cpu, op, optimize: true);

    /// <summary>XRSTOR, standard form; the compacted form is not announced and raises #GP(0).</summary>
    public static void Xrstor(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        Span<byte> area = stackalloc byte[AreaByteCount];
        if (!CheckXsave(cpu) || !Address(cpu, op, AreaByteCount, 64, isWrite: false, out ulong linear) || !MemoryAccess.ReadBytes(st, linear, area))
        {
            return;
        }

        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(area[HeaderAt..]);
        ulong compaction = BinaryPrimitives.ReadUInt64LittleEndian(area[(HeaderAt + 8)..]);
        ulong reserved = BinaryPrimitives.ReadUInt64LittleEndian(area[(HeaderAt + 16)..]);
        if ((present & ~st->Xcr0) != 0 || compaction != 0 || reserved != 0)
        {
            cpu.FaultProtection();
            return;
        }

        ulong requested = Requested(st);
        // MXCSR is loaded from memory whenever SSE is asked for, whatever XSTATE_BV says (SDM vol. 1, 13.8.1).
        if ((requested & ComponentSse) != 0)
        {
            if (!CheckMxcsr(cpu, area))
            {
                return;
            }

            st->Mxcsr = BinaryPrimitives.ReadUInt32LittleEndian(area[MxcsrAt..]);
        }

        if ((requested & ComponentX87) != 0)
        {
            if ((present & ComponentX87) != 0)
            {
                LoadX87(st, area, OperandForm.ByteCount(op) == 8);
            }
            else
            {
                InitializeX87(st);
            }
        }

        if ((requested & ComponentSse) != 0)
        {
            if ((present & ComponentSse) == 0)
            {
                area.Slice(XmmAt, 256).Clear();
            }

            LoadXmm(st, area);
        }
    }

    /// <summary>LDMXCSR.</summary>
    public static void Ldmxcsr(X86Cpu cpu, Op* op)
    {
        if (!CheckSse(cpu) || !OperandForm.ReadMemory(cpu.State, op, 0, 4, out ulong value))
        {
            return;
        }

        if ((value & ~(ulong)MxcsrMask) != 0)
        {
            cpu.FaultProtection();
            return;
        }

        cpu.State->Mxcsr = (uint)value;
    }

    /// <summary>STMXCSR.</summary>
    public static void Stmxcsr(X86Cpu cpu, Op* op)
    {
        if (CheckSse(cpu))
        {
            OperandForm.WriteMemory(cpu.State, op, 0, 4, cpu.State->Mxcsr);
        }
    }

    private static void Save(X86Cpu cpu, Op* op, bool optimize)
    {
        X86State* st = cpu.State;
        Span<byte> area = stackalloc byte[AreaByteCount];
        if (!CheckXsave(cpu) || !Address(cpu, op, AreaByteCount, 64, isWrite: true, out ulong linear) || !MemoryAccess.ReadBytes(st, linear, area))
        {
            return;
        }

        ulong requested = Requested(st);
        ulong inUse = InUse(st) & requested;
        ulong written = optimize ? inUse : requested;
        if ((written & ComponentX87) != 0)
        {
            SaveX87(st, area, OperandForm.ByteCount(op) == 8);
        }

        if ((written & ComponentSse) != 0)
        {
            SaveXmm(st, area);
        }

        // MXCSR goes with SSE by what was asked for, not by what is in use.
        if ((requested & ComponentSse) != 0)
        {
            SaveMxcsr(st, area);
        }

        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(area[HeaderAt..]);
        BinaryPrimitives.WriteUInt64LittleEndian(area[HeaderAt..], (present & ~requested) | inUse);
        MemoryAccess.WriteBytes(st, linear, area);
    }

    private static ulong Requested(X86State* st) => ((uint)st->Gpr[0] | (st->Gpr[2] << 32)) & st->Xcr0;

    // XINUSE: a component counts as unused exactly when it is in its initial state.
    private static ulong InUse(X86State* st)
    {
        bool x87 = st->Fcw != 0x37f || st->Fsw != 0 || st->Ftw != 0 || st->Fop != 0 || st->Fcs != 0 || st->Fds != 0 || st->Fip != 0 || st->Fdp != 0
            || new ReadOnlySpan<ulong>(st->X87, 16).ContainsAnyExcept(0UL);
        // XMM8–XMM15 belong to the state also outside 64-bit mode.
        bool sse = st->Mxcsr != MxcsrDefault;
        for (int i = 0; i < 16 && !sse; i++)
        {
            sse = (st->Vector[i * 4] | st->Vector[(i * 4) + 1]) != 0;
        }

        return (x87 ? ComponentX87 : 0) | (sse ? ComponentSse : 0);
    }

    private static void InitializeX87(X86State* st)
    {
        st->Fcw = 0x37f;
        st->Fsw = 0;
        st->Ftw = 0;
        st->Fop = 0;
        st->Fcs = 0;
        st->Fds = 0;
        st->Fip = 0;
        st->Fdp = 0;
        new Span<ulong>(st->X87, 16).Clear();
    }

    private static void SaveX87(X86State* st, Span<byte> area, bool isWide)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(area, st->Fcw);
        BinaryPrimitives.WriteUInt16LittleEndian(area[2..], st->Fsw);
        area[4] = st->Ftw;
        area[5] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(area[6..], st->Fop);
        if (isWide)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(area[8..], st->Fip);
            BinaryPrimitives.WriteUInt64LittleEndian(area[16..], st->Fdp);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(area[8..], (uint)st->Fip);
            BinaryPrimitives.WriteUInt32LittleEndian(area[12..], st->Fcs);
            BinaryPrimitives.WriteUInt32LittleEndian(area[16..], (uint)st->Fdp);
            BinaryPrimitives.WriteUInt32LittleEndian(area[20..], st->Fds);
        }

        int top = (st->Fsw >> 11) & 7;
        for (int i = 0; i < 8; i++)
        {
            int physical = (top + i) & 7;
            Span<byte> slot = area.Slice(X87At + (16 * i), 16);
            slot.Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(slot, st->X87[2 * physical]);
            BinaryPrimitives.WriteUInt16LittleEndian(slot[8..], (ushort)st->X87[(2 * physical) + 1]);
        }
    }

    private static void LoadX87(X86State* st, ReadOnlySpan<byte> area, bool isWide)
    {
        // Bit 6 of FCW is fixed at 1; bits 7 and 13–15 are reserved. ES and B follow from the pending exceptions.
        st->Fcw = (ushort)((BinaryPrimitives.ReadUInt16LittleEndian(area) & 0x1f3f) | 0x40);
        int status = BinaryPrimitives.ReadUInt16LittleEndian(area[2..]) & 0x7f7f;
        st->Fsw = (ushort)((status & ~st->Fcw & 0x3f) != 0 ? status | 0x8080 : status);
        st->Ftw = area[4];
        st->Fop = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(area[6..]) & 0x7ff);
        if (isWide)
        {
            st->Fip = BinaryPrimitives.ReadUInt64LittleEndian(area[8..]);
            st->Fdp = BinaryPrimitives.ReadUInt64LittleEndian(area[16..]);
            st->Fcs = 0;
            st->Fds = 0;
        }
        else
        {
            st->Fip = BinaryPrimitives.ReadUInt32LittleEndian(area[8..]);
            st->Fcs = BinaryPrimitives.ReadUInt16LittleEndian(area[12..]);
            st->Fdp = BinaryPrimitives.ReadUInt32LittleEndian(area[16..]);
            st->Fds = BinaryPrimitives.ReadUInt16LittleEndian(area[20..]);
        }

        int top = (st->Fsw >> 11) & 7;
        for (int i = 0; i < 8; i++)
        {
            int physical = (top + i) & 7;
            ReadOnlySpan<byte> slot = area.Slice(X87At + (16 * i), 16);
            st->X87[2 * physical] = BinaryPrimitives.ReadUInt64LittleEndian(slot);
            st->X87[(2 * physical) + 1] = BinaryPrimitives.ReadUInt16LittleEndian(slot[8..]);
        }
    }

    private static void SaveMxcsr(X86State* st, Span<byte> area)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(area[MxcsrAt..], st->Mxcsr);
        BinaryPrimitives.WriteUInt32LittleEndian(area[(MxcsrAt + 4)..], MxcsrMask);
    }

    private static void SaveXmm(X86State* st, Span<byte> area)
    {
        int count = st->CodeBits == 64 ? 16 : 8;
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(area[(XmmAt + (16 * i))..], st->Vector[4 * i]);
            BinaryPrimitives.WriteUInt64LittleEndian(area[(XmmAt + 8 + (16 * i))..], st->Vector[(4 * i) + 1]);
        }
    }

    private static void LoadXmm(X86State* st, ReadOnlySpan<byte> area)
    {
        int count = st->CodeBits == 64 ? 16 : 8;
        for (int i = 0; i < count; i++)
        {
            st->Vector[4 * i] = BinaryPrimitives.ReadUInt64LittleEndian(area[(XmmAt + (16 * i))..]);
            st->Vector[(4 * i) + 1] = BinaryPrimitives.ReadUInt64LittleEndian(area[(XmmAt + 8 + (16 * i))..]);
        }
    }

    private static bool CheckMxcsr(X86Cpu cpu, ReadOnlySpan<byte> area)
    {
        if ((BinaryPrimitives.ReadUInt32LittleEndian(area[MxcsrAt..]) & ~MxcsrMask) != 0)
        {
            cpu.FaultProtection();
            return false;
        }

        return true;
    }

    private static bool CheckXsave(X86Cpu cpu)
    {
        if ((cpu.State->Cr4 & ControlBits.Cr4Osxsave) == 0)
        {
            cpu.FaultUndefined();
            return false;
        }

        return CheckAvailable(cpu, needsNoEmulation: false);
    }

    private static bool CheckAvailable(X86Cpu cpu, bool needsNoEmulation)
    {
        ulong forbidden = ControlBits.Cr0Ts | (needsNoEmulation ? ControlBits.Cr0Em : 0);
        if ((cpu.State->Cr0 & forbidden) != 0)
        {
            cpu.Fault(ExceptionVector.DeviceNotAvailable);
            return false;
        }

        return true;
    }

    private static bool CheckSse(X86Cpu cpu)
    {
        if ((cpu.State->Cr0 & ControlBits.Cr0Em) != 0 || (cpu.State->Cr4 & ControlBits.Cr4Osfxsr) == 0)
        {
            cpu.FaultUndefined();
            return false;
        }

        return CheckAvailable(cpu, needsNoEmulation: false);
    }

    private static bool Address(X86Cpu cpu, Op* op, int byteCount, ulong alignment, bool isWrite, out ulong linear)
    {
        if (!MemoryAccess.SegmentedAddress(cpu.State, op, byteCount, isWrite, out linear))
        {
            return false;
        }

        if ((linear & (alignment - 1)) != 0)
        {
            cpu.FaultProtection();
            return false;
        }

        return true;
    }
}
