using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>Writes to control registers with all their checks and consequences (SDM vol. 3, 2.5; vol. 2, MOV to control registers).</content>
public sealed unsafe partial class X86Cpu
{
    private const ulong Cr0Writable = ControlBits.Cr0Pe | ControlBits.Cr0Mp | ControlBits.Cr0Em | ControlBits.Cr0Ts | ControlBits.Cr0Ne
        | ControlBits.Cr0Wp | ControlBits.Cr0Am | ControlBits.Cr0Nw | ControlBits.Cr0Cd | ControlBits.Cr0Pg;

    // What CPUID announces: no VME, PVI.
    private const ulong Cr4Writable = ControlBits.Cr4Tsd | ControlBits.Cr4De | ControlBits.Cr4Pse | ControlBits.Cr4Pae
        | ControlBits.Cr4Mce | ControlBits.Cr4Pge | ControlBits.Cr4Pce | ControlBits.Cr4Osfxsr | ControlBits.Cr4Osxmmexcpt | ControlBits.Cr4Umip
        | ControlBits.Cr4Fsgsbase | ControlBits.Cr4Pcide | ControlBits.Cr4Osxsave | ControlBits.Cr4Smep | ControlBits.Cr4Smap;

    /// <summary>Writes CR0.</summary>
    /// <returns>False when #GP(0) was recorded.</returns>
    public bool WriteCr0(ulong value)
    {
        X86State* st = State;
        bool isPaging = (value & ControlBits.Cr0Pg) != 0;
        bool wasPaging = (st->Cr0 & ControlBits.Cr0Pg) != 0;
        bool isBad = value > uint.MaxValue
            || (isPaging && (value & ControlBits.Cr0Pe) == 0)
            || ((value & ControlBits.Cr0Nw) != 0 && (value & ControlBits.Cr0Cd) == 0)
            || (wasPaging && !isPaging && (st->CodeBits == 64 || (st->Cr4 & ControlBits.Cr4Pcide) != 0));
        ulong efer = st->Efer;
        if (!isBad && isPaging && !wasPaging && (efer & ControlBits.EferLme) != 0)
        {
            // Entering IA-32e mode (SDM vol. 3, 9.8.5).
            bool is16BitTss = (st->Tr.Attributes & 8) == 0;
            isBad = (st->Cr4 & ControlBits.Cr4Pae) == 0 || (st->Cs.Attributes & SegmentRegister.Long) != 0 || is16BitTss;
            efer |= ControlBits.EferLma;
        }
        else if (!isPaging)
        {
            efer &= ~ControlBits.EferLma;
        }

        if (isBad)
        {
            FaultProtection();
            return false;
        }

        value = (value & Cr0Writable) | ControlBits.Cr0Et;
        ulong changed = value ^ st->Cr0;
        bool usesPdptes = isPaging && (st->Cr4 & ControlBits.Cr4Pae) != 0 && (efer & ControlBits.EferLma) == 0;
        if (usesPdptes && (changed & (ControlBits.Cr0Pg | ControlBits.Cr0Cd | ControlBits.Cr0Nw)) != 0 && !LoadPdptes(st->Cr3))
        {
            FaultProtection();
            return false;
        }

        st->Cr0 = value;
        st->Efer = efer;
        if ((changed & (ControlBits.Cr0Pg | ControlBits.Cr0Wp | ControlBits.Cr0Pe)) != 0)
        {
            FlushTlb(keepGlobal: false);
        }

        UpdateMode();
        return true;
    }

    /// <summary>Writes CR3.</summary>
    /// <returns>False when #GP(0) was recorded.</returns>
    public bool WriteCr3(ulong value)
    {
        X86State* st = State;
        bool keeps = false;
        if (IsLongMode)
        {
            if ((st->Cr4 & ControlBits.Cr4Pcide) != 0)
            {
                // Bit 63 allows to keep the new PCID's translations; all of the old one's are dropped here, as translations are
                // not tagged, which the manual permits (vol. 3, 4.10.4.1).
                value &= ~(1UL << 63);
            }

            if (value >> ControlBits.PhysicalAddressBits != 0)
            {
                FaultProtection();
                return false;
            }

            keeps = true;
        }
        else if ((st->Cr4 & ControlBits.Cr4Pae) != 0 && (st->Cr0 & ControlBits.Cr0Pg) != 0 && !LoadPdptes(value))
        {
            FaultProtection();
            return false;
        }

        st->Cr3 = keeps ? value : (uint)value;
        FlushTlb(keepGlobal: true);
        return true;
    }

    /// <summary>Writes CR4.</summary>
    /// <returns>False when #GP(0) was recorded.</returns>
    public bool WriteCr4(ulong value)
    {
        X86State* st = State;
        ulong changed = value ^ st->Cr4;
        bool setsPcide = (changed & value & ControlBits.Cr4Pcide) != 0;
        bool isBad = (value & ~Cr4Writable) != 0
            || (IsLongMode && (value & ControlBits.Cr4Pae) == 0)
            || (setsPcide && (!IsLongMode || (st->Cr3 & 0xfff) != 0));
        const ulong Paging = ControlBits.Cr4Pge | ControlBits.Cr4Pse | ControlBits.Cr4Pae | ControlBits.Cr4Smep | ControlBits.Cr4Smap | ControlBits.Cr4Pcide;
        if (!isBad && !IsLongMode && (st->Cr0 & ControlBits.Cr0Pg) != 0 && (value & ControlBits.Cr4Pae) != 0
            && (changed & (ControlBits.Cr4Pae | ControlBits.Cr4Pse | ControlBits.Cr4Pge | ControlBits.Cr4Smep)) != 0)
        {
            isBad = !LoadPdptes(st->Cr3);
        }

        if (isBad)
        {
            FaultProtection();
            return false;
        }

        st->Cr4 = value;
        if ((changed & Paging) != 0)
        {
            FlushTlb(keepGlobal: false);
        }

        UpdateDebug();
        UpdateMode();
        return true;
    }

    /// <summary>Writes IA32_EFER (SDM vol. 3, 2.2.1).</summary>
    /// <returns>False when the value is illegal.</returns>
    internal bool WriteEfer(ulong value)
    {
        X86State* st = State;
        const ulong Writable = ControlBits.EferSce | ControlBits.EferLme | ControlBits.EferNxe;
        // LMA follows LME and CR0.PG; writing it is ignored.
        bool isBad = (value & ~(Writable | ControlBits.EferLma)) != 0
            || (((value ^ st->Efer) & ControlBits.EferLme) != 0 && (st->Cr0 & ControlBits.Cr0Pg) != 0);
        if (isBad)
        {
            return false;
        }

        bool flush = ((value ^ st->Efer) & ControlBits.EferNxe) != 0;
        st->Efer = (value & Writable) | (st->Efer & ControlBits.EferLma);
        if (flush)
        {
            FlushTlb(keepGlobal: false);
        }

        return true;
    }

    /// <summary>Loads the four PDPTEs of PAE paging (SDM vol. 3, 4.4.1).</summary>
    /// <returns>False when a present one has reserved bits set; nothing is changed then.</returns>
    private bool LoadPdptes(ulong cr3)
    {
        X86State* st = State;
        ulong* entries = stackalloc ulong[4];
        for (int i = 0; i < 4; i++)
        {
            entries[i] = Memory.Read(((cr3 & 0xffff_ffe0) + (ulong)(i * 8)) & st->A20Mask, 8);
            if ((entries[i] & EntryPresent) != 0 && (entries[i] & (~AddressMask & ~0xe19UL)) != 0)
            {
                return false;
            }
        }

        for (int i = 0; i < 4; i++)
        {
            st->Pdpte[i] = entries[i];
        }

        return true;
    }
}
