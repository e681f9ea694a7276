using System;
using System.Buffers.Binary;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.Semantics.Vector;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <summary>FXSAVE, FXRSTOR, XSAVE, XSAVEOPT, XSAVEC, XRSTOR, LDMXCSR, STMXCSR (SDM vol. 2; vol. 1, 10.5 and chapter 13).</summary>
internal static unsafe class ExtendedState
{
    private const int LegacyByteCount = 512;
    internal const int HeaderAt = 512;
    internal const int LegacyAndHeaderByteCount = 576;
    internal const int UpperByteCount = 256;
    internal const int MxcsrAt = 24;
    private const int X87At = 32;
    internal const int XmmAt = 160;
    private const uint MxcsrDefault = 0x1f80;
    private const uint MxcsrMask = 0xffff;
    internal const ulong ComponentX87 = 1;
    internal const ulong ComponentSse = 2;
    internal const ulong ComponentAvx = 4;
    private const ulong Compacted = 1UL << 63;

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
        SaveHalves(st, area[XmmAt..], upper: 0);
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
        LoadHalves(st, area[XmmAt..], upper: 0);
    }

    /// <summary>XSAVE.</summary>
    public static void Xsave(X86Cpu cpu, Op* op) => Save(cpu, op, optimize: false);

    /// <summary>XSAVEOPT: components in their initial state are not written (the init optimisation; there is no modified optimisation).</summary>
    public static void Xsaveopt(X86Cpu cpu, Op* op) => Save(cpu, op, optimize: true);

    /// <summary>XSAVEC: as XSAVEOPT, in the compacted form.</summary>
    public static void Xsavec(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        Span<byte> area = stackalloc byte[LegacyAndHeaderByteCount];
        if (!CheckXsave(cpu) || !Address(cpu, op, LegacyAndHeaderByteCount, 64, isWrite: true, out ulong linear) || !MemoryAccess.ReadBytes(st, linear, area))
        {
            return;
        }

        ulong requested = Requested(st);
        // MXCSR is part of SSE state here (SDM vol. 1, 13.10).
        ulong written = InUse(st) & requested;
        if ((written & ComponentSse) != 0)
        {
            SaveMxcsr(st, area);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(area[HeaderAt..], written);
        BinaryPrimitives.WriteUInt64LittleEndian(area[(HeaderAt + 8)..], requested | Compacted);
        Write(st, op, linear, area, written);
    }

    /// <summary>XRSTOR, standard and compacted form.</summary>
    public static void Xrstor(X86Cpu cpu, Op* op)
    {
        X86State* st = cpu.State;
        Span<byte> area = stackalloc byte[LegacyAndHeaderByteCount];
        if (!CheckXsave(cpu) || !Address(cpu, op, LegacyAndHeaderByteCount, 64, isWrite: false, out ulong linear) || !MemoryAccess.ReadBytes(st, linear, area))
        {
            return;
        }

        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(area[HeaderAt..]);
        ulong compaction = BinaryPrimitives.ReadUInt64LittleEndian(area[(HeaderAt + 8)..]);
        bool isCompacted = cpu.Model.Has(CpuFeature.Xsavec) && (compaction & Compacted) != 0;
        if (!IsHeaderValid(st, area, isCompacted))
        {
            cpu.FaultProtection();
            return;
        }

        ulong requested = Requested(st);
        ulong loaded = requested & present;
        Span<byte> upper = stackalloc byte[UpperByteCount];
        upper.Clear();
        // The only component behind the header is at the same place in both forms.
        if ((loaded & ComponentAvx) != 0 && !MemoryAccess.ReadBytes(st, linear + LegacyAndHeaderByteCount, upper))
        {
            return;
        }

        // In the standard form MXCSR is loaded from memory whenever SSE or AVX is asked for, whatever XSTATE_BV says (SDM vol. 1, 13.8.1); in the
        // compacted form it is part of SSE state.
        bool loadsMxcsr = isCompacted ? (loaded & ComponentSse) != 0 : (requested & (ComponentSse | ComponentAvx)) != 0;
        if (loadsMxcsr)
        {
            if (!CheckMxcsr(cpu, area))
            {
                return;
            }

            st->Mxcsr = BinaryPrimitives.ReadUInt32LittleEndian(area[MxcsrAt..]);
        }
        else if (isCompacted && (requested & ComponentSse) != 0)
        {
            st->Mxcsr = MxcsrDefault;
        }

        if ((loaded & ComponentX87) != 0)
        {
            LoadX87(st, area, OperandForm.ByteCount(op) == 8);
        }
        else if ((requested & ComponentX87) != 0)
        {
            InitializeX87(st);
        }

        if ((requested & ComponentSse) != 0)
        {
            if ((loaded & ComponentSse) == 0)
            {
                area.Slice(XmmAt, 256).Clear();
            }

            LoadHalves(st, area[XmmAt..], upper: 0);
        }

        if ((requested & ComponentAvx) != 0)
        {
            LoadHalves(st, upper, upper: 1);
        }
    }

    /// <summary>LDMXCSR.</summary>
    public static void Ldmxcsr(X86Cpu cpu, Op* op)
    {
        if (!VectorUnit.Passes(cpu.State, op) || !OperandForm.ReadMemory(cpu.State, op, 0, 4, out ulong value))
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
        if (VectorUnit.Passes(cpu.State, op))
        {
            OperandForm.WriteMemory(cpu.State, op, 0, 4, cpu.State->Mxcsr);
        }
    }

    private static void Save(X86Cpu cpu, Op* op, bool optimize)
    {
        X86State* st = cpu.State;
        Span<byte> area = stackalloc byte[LegacyAndHeaderByteCount];
        if (!CheckXsave(cpu) || !Address(cpu, op, LegacyAndHeaderByteCount, 64, isWrite: true, out ulong linear) || !MemoryAccess.ReadBytes(st, linear, area))
        {
            return;
        }

        ulong requested = Requested(st);
        ulong inUse = InUse(st) & requested;
        // MXCSR goes with SSE and AVX by what was asked for, not by what is in use.
        if ((requested & (ComponentSse | ComponentAvx)) != 0)
        {
            SaveMxcsr(st, area);
        }

        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(area[HeaderAt..]);
        BinaryPrimitives.WriteUInt64LittleEndian(area[HeaderAt..], (present & ~requested) | inUse);
        Write(st, op, linear, area, optimize ? inUse : requested);
    }

    // Adds components to a legacy area and header that are ready otherwise, and writes all. What lies behind the header comes first: after a fault there the
    // header still tells the truth.
    private static void Write(X86State* st, Op* op, ulong linear, Span<byte> area, ulong components)
    {
        if ((components & ComponentAvx) != 0)
        {
            Span<byte> upper = stackalloc byte[UpperByteCount];
            // Outside 64-bit code the places of YMM8 to YMM15 keep what is in memory.
            if (!MemoryAccess.ReadBytes(st, linear + LegacyAndHeaderByteCount, upper))
            {
                return;
            }

            SaveHalves(st, upper, upper: 1);
            if (!MemoryAccess.WriteBytes(st, linear + LegacyAndHeaderByteCount, upper))
            {
                return;
            }
        }

        if ((components & ComponentX87) != 0)
        {
            SaveX87(st, area, OperandForm.ByteCount(op) == 8);
        }

        if ((components & ComponentSse) != 0)
        {
            SaveHalves(st, area[XmmAt..], upper: 0);
        }

        MemoryAccess.WriteBytes(st, linear, area);
    }

    // SDM vol. 1, 13.8.1 and 13.8.2.
    private static bool IsHeaderValid(X86State* st, ReadOnlySpan<byte> area, bool isCompacted)
    {
        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(area[HeaderAt..]);
        ulong compaction = BinaryPrimitives.ReadUInt64LittleEndian(area[(HeaderAt + 8)..]);
        if (!isCompacted)
        {
            return (present & ~st->Xcr0) == 0 && compaction == 0 && BinaryPrimitives.ReadUInt64LittleEndian(area[(HeaderAt + 16)..]) == 0;
        }

        ulong components = compaction & ~Compacted;
        return (components & ~st->Xcr0) == 0 && (present & ~components) == 0 && !area[(HeaderAt + 16)..].ContainsAnyExcept((byte)0);
    }

    private static ulong Requested(X86State* st) => ((uint)st->Gpr[0] | (st->Gpr[2] << 32)) & st->Xcr0;

    // XINUSE: a component counts as unused exactly when it is in its initial state.
    internal static ulong InUse(X86State* st)
    {
        bool x87 = st->Fcw != 0x37f || st->Fsw != 0 || st->Ftw != 0 || st->Fop != 0 || st->Fcs != 0 || st->Fds != 0 || st->Fip != 0 || st->Fdp != 0
            || new ReadOnlySpan<ulong>(st->X87, 16).ContainsAnyExcept(0UL);
        // XMM8–XMM15 belong to the state also outside 64-bit mode.
        bool sse = st->Mxcsr != MxcsrDefault;
        for (int i = 0; i < 16 && !sse; i++)
        {
            sse = (st->Vector[i * 4] | st->Vector[(i * 4) + 1]) != 0;
        }

        bool avx = false;
        for (int i = 0; i < 16 && !avx; i++)
        {
            avx = (st->Vector[(i * 4) + 2] | st->Vector[(i * 4) + 3]) != 0;
        }

        return (x87 ? ComponentX87 : 0) | (sse ? ComponentSse : 0) | (avx ? ComponentAvx : 0);
    }

    internal static void InitializeX87(X86State* st)
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

    internal static void SaveX87(X86State* st, Span<byte> area, bool isWide)
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

    internal static void LoadX87(X86State* st, ReadOnlySpan<byte> area, bool isWide)
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

    internal static void SaveMxcsr(X86State* st, Span<byte> area)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(area[MxcsrAt..], st->Mxcsr);
        BinaryPrimitives.WriteUInt32LittleEndian(area[(MxcsrAt + 4)..], MxcsrMask);
    }

    // The lower (0) or upper (1) halves of the vector registers that exist in this width of code.
    private static void SaveHalves(X86State* st, Span<byte> area, int upper) => SaveHalves(st, area, upper, st->CodeBits == 64 ? 16 : 8);

    internal static void SaveHalves(X86State* st, Span<byte> area, int upper, int count)
    {
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(area[(16 * i)..], st->Vector[(4 * i) + (2 * upper)]);
            BinaryPrimitives.WriteUInt64LittleEndian(area[(8 + (16 * i))..], st->Vector[(4 * i) + (2 * upper) + 1]);
        }
    }

    private static void LoadHalves(X86State* st, ReadOnlySpan<byte> area, int upper) => LoadHalves(st, area, upper, st->CodeBits == 64 ? 16 : 8);

    internal static void LoadHalves(X86State* st, ReadOnlySpan<byte> area, int upper, int count)
    {
        for (int i = 0; i < count; i++)
        {
            st->Vector[(4 * i) + (2 * upper)] = BinaryPrimitives.ReadUInt64LittleEndian(area[(16 * i)..]);
            st->Vector[(4 * i) + (2 * upper) + 1] = BinaryPrimitives.ReadUInt64LittleEndian(area[(8 + (16 * i))..]);
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
