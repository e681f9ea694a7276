using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>Model-specific registers (SDM vol. 4, chapter 2). An unknown register or an illegal value is #GP(0).</content>
public sealed unsafe partial class X86Cpu
{
    // Fast strings; no branch trace store, no precise event sampling.
    private const ulong MiscEnablePowerOn = 1 | (1 << 11) | (1 << 12);

    // Fast strings, automatic thermal control and xTPR disable may be toggled, being of no consequence. LIMIT_CPUID_MAXVAL (22) and
    // XD_DISABLE (34) would be of some, and cannot be set.
    private const ulong MiscEnableWritable = 1 | (1 << 3) | (1 << 23);

    // Eight variable ranges, fixed ranges, write combining.
    private const ulong MtrrCap = 8 | (1 << 8) | (1 << 10);

    private const ulong MicrocodeRevision = 1UL << 32;

    /// <summary>Reads a model-specific register.</summary>
    /// <returns>False when there is no such register.</returns>
    public bool TryReadMsr(uint index, out ulong value)
    {
        X86State* st = State;
        switch (index)
        {
            case Msr.TimeStampCounter:
                value = TimeStampCounter;
                return true;
            case Msr.ApicBase when InterruptController is not null:
                value = InterruptController.BaseRegister;
                return true;
            case Msr.FeatureControl:
                // Locked, with nothing enabled.
                value = 1;
                return true;
            case Msr.PlatformId:
                value = 0;
                return true;
            case Msr.BiosSignature:
                value = MicrocodeRevision;
                return true;
            case Msr.SpecCtrl:
                value = st->SpecCtrl;
                return true;
            case Msr.MtrrCap:
                value = MtrrCap;
                return true;
            case Msr.ArchCapabilities:
                value = CpuidModel.ArchCapabilities;
                return true;
            case Msr.SysenterCs:
                value = st->SysenterCs;
                return true;
            case Msr.SysenterEsp:
                value = st->SysenterEsp;
                return true;
            case Msr.SysenterEip:
                value = st->SysenterEip;
                return true;
            case Msr.MiscEnable:
                value = st->MiscEnable;
                return true;
            case Msr.DebugControl:
                value = 0;
                return true;
            case Msr.Pat:
                value = st->Pat;
                return true;
            case Msr.MtrrDefType:
                value = st->MtrrDefType;
                return true;
            case Msr.TscDeadline when InterruptController is not null:
                value = InterruptController.TimerDeadline;
                return true;
            case Msr.Efer:
                value = st->Efer;
                return true;
            case Msr.Star:
                value = st->Star;
                return true;
            case Msr.Lstar:
                value = st->Lstar;
                return true;
            case Msr.Cstar:
                value = st->Cstar;
                return true;
            case Msr.Fmask:
                value = st->Fmask;
                return true;
            case Msr.FsBase:
                value = st->Fs.Base;
                return true;
            case Msr.GsBase:
                value = st->Gs.Base;
                return true;
            case Msr.KernelGsBase:
                value = st->KernelGsBase;
                return true;
            case Msr.TscAux:
                value = st->TscAux;
                return true;
            case >= Msr.X2ApicFirst and <= Msr.X2ApicLast when InterruptController is not null:
                return InterruptController.TryReadRegister(index - Msr.X2ApicFirst, out value);
            case >= Msr.ParavirtualFirst and <= Msr.ParavirtualLast when HasKvmInterface:
                return TryReadParavirtual(index, out value);
            default:
                break;
        }

        ulong* mtrr = FindMtrr(index, out _);
        if (mtrr != null)
        {
            value = *mtrr;
            return true;
        }

        return TryReadMachineCheck(index, out value);
    }

    /// <summary>Writes a model-specific register.</summary>
    /// <returns>False when there is no such register, it is read-only, or the value is illegal.</returns>
    public bool TryWriteMsr(uint index, ulong value)
    {
        X86State* st = State;
        switch (index)
        {
            case Msr.TimeStampCounter:
                WriteTimeStampCounter(value);
                return true;
            case Msr.ApicBase when InterruptController is not null:
                return InterruptController.TrySetBaseRegister(value);
            case Msr.BiosSignature:
                // Cleared by software before it asks for the revision by CPUID; the revision stays.
                return true;
            case Msr.SpecCtrl:
                return Assign(ref st->SpecCtrl, value, (value & ~7UL) == 0);
            case Msr.PredCmd:
                // IBPB: no branch prediction of the guest's to forget.
                return (value & ~1UL) == 0;
            case Msr.SysenterCs:
                return Assign(ref st->SysenterCs, (uint)value, true);
            case Msr.SysenterEsp:
                return Assign(ref st->SysenterEsp, value, IsCanonicalMsr(value));
            case Msr.SysenterEip:
                return Assign(ref st->SysenterEip, value, IsCanonicalMsr(value));
            case Msr.MiscEnable:
                return Assign(ref st->MiscEnable, value, ((value ^ st->MiscEnable) & ~MiscEnableWritable) == 0);
            case Msr.DebugControl:
                // Branch recording and branch single-step are not there to be enabled.
                return value == 0;
            case Msr.Pat:
                return Assign(ref st->Pat, value, AreMemoryTypes(value, isPat: true));
            case Msr.MtrrDefType:
                return Assign(ref st->MtrrDefType, value, (value & ~0xcffUL) == 0 && IsMemoryType((byte)value, isPat: false));
            case Msr.TscDeadline when InterruptController is not null:
                InterruptController.TimerDeadline = value;
                return true;
            case Msr.Efer:
                return WriteEfer(value);
            case Msr.Star:
                return Assign(ref st->Star, value, true);
            case Msr.Lstar:
                return Assign(ref st->Lstar, value, IsCanonicalMsr(value));
            case Msr.Cstar:
                return Assign(ref st->Cstar, value, IsCanonicalMsr(value));
            case Msr.Fmask:
                return Assign(ref st->Fmask, value, value <= uint.MaxValue);
            case Msr.FsBase:
                return Assign(ref st->Fs.Base, value, IsCanonicalMsr(value));
            case Msr.GsBase:
                return Assign(ref st->Gs.Base, value, IsCanonicalMsr(value));
            case Msr.KernelGsBase:
                return Assign(ref st->KernelGsBase, value, IsCanonicalMsr(value));
            case Msr.TscAux:
                return Assign(ref st->TscAux, value, value <= uint.MaxValue);
            case >= Msr.X2ApicFirst and <= Msr.X2ApicLast when InterruptController is not null:
                return InterruptController.TryWriteRegister(index - Msr.X2ApicFirst, value);
            case >= Msr.ParavirtualFirst and <= Msr.ParavirtualLast when HasKvmInterface:
                return TryWriteParavirtual(index, value);
            default:
                break;
        }

        ulong* mtrr = FindMtrr(index, out MtrrKind kind);
        if (mtrr == null)
        {
            return TryWriteMachineCheck(index, value);
        }

        if (!IsMtrrValue(kind, value))
        {
            return false;
        }

        *mtrr = value;
        return true;
    }

    private static bool Assign(ref ulong register, ulong value, bool isLegal)
    {
        if (isLegal)
        {
            register = value;
        }

        return isLegal;
    }

    // Address MSRs demand a canonical value in every mode.
    private static bool IsCanonicalMsr(ulong value) => (ulong)((long)(value << 16) >> 16) == value;

    private void WriteTimeStampCounter(ulong value)
    {
        State->TscOffset = value - TicksAt(Clock.NowNanoseconds);
        // An armed deadline is a value of the counter: it moves in time when the counter is set.
        ulong deadline = InterruptController?.TimerDeadline ?? 0;
        if (deadline != 0)
        {
            InterruptController!.TimerDeadline = deadline;
        }

        PublishParavirtualClock();
    }

    private ulong* FindMtrr(uint index, out MtrrKind kind)
    {
        X86State* st = State;
        if (index is >= Msr.MtrrVariableFirst and < Msr.MtrrVariableFirst + 16)
        {
            kind = (index & 1) == 0 ? MtrrKind.Base : MtrrKind.Mask;
            return &st->MtrrVariable[index - Msr.MtrrVariableFirst];
        }

        kind = MtrrKind.Fixed;
        return index switch
        {
            0x250 => &st->MtrrFixed[0],
            0x258 => &st->MtrrFixed[1],
            0x259 => &st->MtrrFixed[2],
            >= 0x268 and <= 0x26f => &st->MtrrFixed[index - 0x268 + 3],
            _ => null,
        };
    }

    private static bool IsMtrrValue(MtrrKind kind, ulong value)
    {
        const ulong PhysicalMask = (1UL << ControlBits.PhysicalAddressBits) - 1;
        return kind switch
        {
            MtrrKind.Fixed => AreMemoryTypes(value, isPat: false),
            MtrrKind.Base => (value & ~PhysicalMask) == 0 && (value & 0xf00) == 0 && IsMemoryType((byte)value, isPat: false),
            _ => (value & ~PhysicalMask) == 0 && (value & 0x7ff) == 0,
        };
    }

    private static bool AreMemoryTypes(ulong value, bool isPat)
    {
        for (int i = 0; i < 8; i++)
        {
            if (!IsMemoryType((byte)(value >> (8 * i)), isPat))
            {
                return false;
            }
        }

        return true;
    }

    // UC, WC, WT, WP, WB; UC- in the PAT only (SDM vol. 3, 11.11.2.1 and 11.12.2).
    private static bool IsMemoryType(byte type, bool isPat) => type is 0 or 1 or 4 or 5 or 6 || (isPat && type == 7);

    private enum MtrrKind
    {
        Fixed,
        Base,
        Mask,
    }
}
