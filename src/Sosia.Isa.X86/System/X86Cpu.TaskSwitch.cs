using System;
using System.Buffers.Binary;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>Hardware task switching (SDM vol. 3, chapter 7).</content>
public sealed unsafe partial class X86Cpu
{
    private const int Tss32ByteCount = 104;
    private const int Tss16ByteCount = 44;

    // ES, CS, SS, DS, FS, GS as the TSS orders them; a 16-bit TSS ends after DS.
    private const int TssSegments32 = 72;
    private const int TssSegments16 = 34;

    /// <summary>Switches to a task whose descriptor was found available (for IRET: busy) and present.</summary>
    /// <param name="selector">The new TSS.</param>
    /// <param name="descriptor">Its descriptor.</param>
    /// <param name="kind">What asked for the switch.</param>
    /// <param name="returnRip">Where the old task will go on.</param>
    /// <param name="flags">The old task's EFLAGS.</param>
    /// <param name="ext">The EXT bit of error codes.</param>
    /// <returns>
    /// False when a fault was recorded: before the point of no return the old task is unchanged, after it the fault belongs to the new one.
    /// </returns>
    internal bool SwitchTask(ushort selector, Descriptor descriptor, TaskSwitchKind kind, ulong returnRip, ulong flags, uint ext)
    {
        X86State* st = State;
        bool isNew32 = (descriptor.Type & 8) != 0;
        bool isOld32 = (st->Tr.Attributes & 8) != 0;
        int newByteCount = isNew32 ? Tss32ByteCount : Tss16ByteCount;
        int oldByteCount = isOld32 ? Tss32ByteCount : Tss16ByteCount;
        if (descriptor.Limit < (uint)newByteCount - 1)
        {
            FaultSelector(ExceptionVector.InvalidTss, selector, ext);
            return false;
        }

        // Everything that may fault happens before anything is changed (step 6): both TSSs and both descriptors must be accessible.
        Span<byte> newTss = stackalloc byte[Tss32ByteCount];
        Span<byte> oldTss = stackalloc byte[Tss32ByteCount];
        newTss.Clear();
        if (!ReadSpan(descriptor.Base, newTss[..newByteCount], SystemPrivilege)
            || !ReadSpan(st->Tr.Base, oldTss[..oldByteCount], SystemPrivilege)
            || !FindDescriptor(selector, 8, out ulong newDescriptor)
            || !FindDescriptor(st->Tr.Selector, 8, out ulong oldDescriptor)
            || !MemoryAccess.ReadSystem(st, oldDescriptor, 8, out ulong oldRaw))
        {
            return false;
        }

        if (kind == TaskSwitchKind.Return)
        {
            flags &= ~ControlBits.Nt;
        }

        StoreTask(oldTss, isOld32, returnRip, flags);
        // The whole old TSS is written back; its static fields keep their values.
        if (!WriteSpan(st->Tr.Base, oldTss[..oldByteCount], SystemPrivilege)
            || (kind == TaskSwitchKind.Call && !MemoryAccess.WriteSystem(st, descriptor.Base, 2, st->Tr.Selector))
            || (kind != TaskSwitchKind.Call && !MemoryAccess.WriteSystem(st, oldDescriptor, 8, oldRaw & ~(2UL << 40)))
            || (kind != TaskSwitchKind.Return && !MemoryAccess.WriteSystem(st, newDescriptor, 8, descriptor.Raw | (2UL << 40))))
        {
            return false;
        }

        st->Tr = new Descriptor(descriptor.Raw | (2UL << 40)).ToSegment(selector);
        st->Cr0 |= ControlBits.Cr0Ts;
        return EnterTask(newTss, isNew32, kind);
    }

    private void StoreTask(Span<byte> tss, bool is32, ulong returnRip, ulong flags)
    {
        X86State* st = State;
        if (is32)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(tss[32..], (uint)returnRip);
            BinaryPrimitives.WriteUInt32LittleEndian(tss[36..], (uint)flags);
            for (int i = 0; i < 8; i++)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(tss[(40 + (4 * i))..], (uint)st->Gpr[i]);
            }

            for (int i = 0; i < 6; i++)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(tss[(TssSegments32 + (4 * i))..], SegmentAt(i).Selector);
            }

            return;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(tss[14..], (ushort)returnRip);
        BinaryPrimitives.WriteUInt16LittleEndian(tss[16..], (ushort)flags);
        for (int i = 0; i < 8; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(tss[(18 + (2 * i))..], (ushort)st->Gpr[i]);
        }

        for (int i = 0; i < 4; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(tss[(TssSegments16 + (2 * i))..], SegmentAt(i).Selector);
        }
    }

    // From here on faults are raised in the context of the new task.
    private bool EnterTask(ReadOnlySpan<byte> tss, bool is32, TaskSwitchKind kind)
    {
        X86State* st = State;
        ulong flags;
        ushort localSelector;
        bool trap = false;
        Span<ushort> selectors = stackalloc ushort[6];
        if (is32)
        {
            st->Rip = BinaryPrimitives.ReadUInt32LittleEndian(tss[32..]);
            flags = BinaryPrimitives.ReadUInt32LittleEndian(tss[36..]);
            for (int i = 0; i < 8; i++)
            {
                st->Gpr[i] = BinaryPrimitives.ReadUInt32LittleEndian(tss[(40 + (4 * i))..]);
            }

            for (int i = 0; i < 6; i++)
            {
                selectors[i] = BinaryPrimitives.ReadUInt16LittleEndian(tss[(TssSegments32 + (4 * i))..]);
            }

            localSelector = BinaryPrimitives.ReadUInt16LittleEndian(tss[96..]);
            trap = (tss[100] & 1) != 0;
        }
        else
        {
            st->Rip = BinaryPrimitives.ReadUInt16LittleEndian(tss[14..]);
            flags = BinaryPrimitives.ReadUInt16LittleEndian(tss[16..]);
            for (int i = 0; i < 8; i++)
            {
                // The upper halves are undefined after a switch to a 16-bit task; ours are ones, as on the 80386.
                st->Gpr[i] = 0xffff_0000 | BinaryPrimitives.ReadUInt16LittleEndian(tss[(18 + (2 * i))..]);
            }

            selectors.Clear();
            for (int i = 0; i < 4; i++)
            {
                selectors[i] = BinaryPrimitives.ReadUInt16LittleEndian(tss[(TssSegments16 + (2 * i))..]);
            }

            localSelector = BinaryPrimitives.ReadUInt16LittleEndian(tss[42..]);
        }

        if (kind == TaskSwitchKind.Call)
        {
            flags |= ControlBits.Nt;
        }

        Rflags = flags & ControlBits.AllFlags;
        SetResumeFlag((flags & ControlBits.Rf) != 0);
        for (int i = 0; i < 6; i++)
        {
            // Selectors first: a fault finds them in place, but their descriptors not present.
            SegmentAt(i) = new SegmentRegister { Selector = selectors[i] };
        }

        st->Ldtr = new SegmentRegister { Selector = localSelector };
        st->Dr[7] &= ~0x155UL;
        UpdateDebug();
        _hasFaultRip = true;
        _faultRip = st->Rip;
        bool ok = LoadTaskSpace(tss, is32) && LoadTaskSegments(selectors, localSelector, (flags & ControlBits.Vm) != 0);
        UpdateMode();
        if (!ok)
        {
            return false;
        }

        if (st->Rip > st->Cs.Limit)
        {
            FaultProtection();
            return false;
        }

        _hasFaultRip = false;
        if (trap)
        {
            st->PendingDebugBits |= ControlBits.Dr6Bt;
            Post(PendingEvent.DebugTrap);
        }

        RequestEventCheck();
        return true;
    }

    private bool LoadTaskSpace(ReadOnlySpan<byte> tss, bool is32)
    {
        X86State* st = State;
        if (!is32 || (st->Cr0 & ControlBits.Cr0Pg) == 0)
        {
            return true;
        }

        ulong cr3 = BinaryPrimitives.ReadUInt32LittleEndian(tss[28..]);
        if ((st->Cr4 & ControlBits.Cr4Pae) != 0 && !LoadPdptes(cr3))
        {
            Fault(ExceptionVector.InvalidTss, st->Tr.Selector & 0xfffcu);
            return false;
        }

        st->Cr3 = cr3;
        FlushTlb(keepGlobal: true);
        return true;
    }

    private bool LoadTaskSegments(ReadOnlySpan<ushort> selectors, ushort localSelector, bool isVirtual)
    {
        X86State* st = State;
        if (!IsNull(localSelector))
        {
            if ((localSelector & 4) != 0)
            {
                FaultSelector(ExceptionVector.InvalidTss, localSelector);
                return false;
            }

            if (!ReadDescriptor(localSelector, ExceptionVector.InvalidTss, 0, out Descriptor local))
            {
                return false;
            }

            if (local.IsCodeOrData || local.Type != Descriptor.Ldt || !local.IsPresent)
            {
                FaultSelector(ExceptionVector.InvalidTss, localSelector);
                return false;
            }

            st->Ldtr = local.ToSegment(localSelector);
        }

        if (isVirtual)
        {
            st->Cpl = 3;
            for (int i = 0; i < 6; i++)
            {
                LoadRealSegment(ref SegmentAt(i), selectors[i]);
            }

            return true;
        }

        ushort codeSelector = selectors[1];
        int cpl = codeSelector & 3;
        st->Cpl = cpl;
        if (IsNull(codeSelector))
        {
            FaultSelector(ExceptionVector.InvalidTss, codeSelector);
            return false;
        }

        if (!ReadDescriptor(codeSelector, ExceptionVector.InvalidTss, 0, out Descriptor code))
        {
            return false;
        }

        if (!code.IsCode || (code.IsConforming ? code.Dpl > cpl : code.Dpl != cpl))
        {
            FaultSelector(ExceptionVector.InvalidTss, codeSelector);
            return false;
        }

        if (!code.IsPresent)
        {
            FaultSelector(ExceptionVector.SegmentNotPresent, codeSelector);
            return false;
        }

        if (!MarkAccessed(codeSelector, code))
        {
            return false;
        }

        SetCodeSegment(codeSelector, code, cpl);
        if (!ReadStackSegment(selectors[2], cpl, ExceptionVector.InvalidTss, 0, out st->Ss))
        {
            return false;
        }

        return ReadDataSegment(selectors[0], cpl, ExceptionVector.InvalidTss, out st->Es)
            && ReadDataSegment(selectors[3], cpl, ExceptionVector.InvalidTss, out st->Ds)
            && ReadDataSegment(selectors[4], cpl, ExceptionVector.InvalidTss, out st->Fs)
            && ReadDataSegment(selectors[5], cpl, ExceptionVector.InvalidTss, out st->Gs);
    }
}
