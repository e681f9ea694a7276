using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>Selectors, descriptor tables and segment loading (SDM vol. 3, chapters 3 and 5).</content>
public sealed unsafe partial class X86Cpu
{
    /// <summary>True when a selector names no descriptor.</summary>
    internal static bool IsNull(ushort selector) => (selector & 0xfffc) == 0;

    /// <summary>Reads the descriptor that a selector names.</summary>
    /// <param name="selector">Not null.</param>
    /// <param name="vector">The fault when it lies outside its table.</param>
    /// <param name="ext">The EXT bit of the error code: 1 while an external event is being delivered.</param>
    /// <param name="descriptor">The result.</param>
    /// <returns>False when a fault was recorded.</returns>
    internal bool ReadDescriptor(ushort selector, byte vector, uint ext, out Descriptor descriptor)
    {
        descriptor = default;
        if (!FindDescriptor(selector, 8, out ulong linear))
        {
            FaultSelector(vector, selector, ext);
            return false;
        }

        bool ok = MemoryAccess.ReadSystem(State, linear, 8, out ulong raw);
        descriptor = new Descriptor(raw);
        return ok;
    }

    /// <summary>Reads the upper eight bytes of a 16-byte system descriptor (64-bit mode, SDM vol. 3, 3.5.2).</summary>
    /// <returns>False when a fault was recorded.</returns>
    internal bool ReadDescriptorHigh(ushort selector, byte vector, uint ext, out ulong high)
    {
        high = 0;
        if (!FindDescriptor(selector, 16, out ulong linear))
        {
            FaultSelector(vector, selector, ext);
            return false;
        }

        if (!MemoryAccess.ReadSystem(State, linear + 8, 8, out high))
        {
            return false;
        }

        // The type field of the upper half must be zero.
        if ((high & 0x1f00_0000_0000) != 0)
        {
            FaultSelector(vector, selector, ext);
            return false;
        }

        return true;
    }

    /// <summary>The linear address of a selector's descriptor.</summary>
    /// <returns>False when the descriptor is not wholly inside its table.</returns>
    internal bool FindDescriptor(ushort selector, int byteCount, out ulong linear)
    {
        X86State* st = State;
        uint index = selector & 0xfff8u;
        bool isLocal = (selector & 4) != 0;
        linear = (isLocal ? st->Ldtr.Base : st->GdtrBase) + index;
        if (!IsLongMode)
        {
            linear &= 0xffff_ffff;
        }

        ulong last = index + (uint)byteCount - 1;
        return isLocal ? st->Ldtr.IsPresent && last <= st->Ldtr.Limit : last <= st->GdtrLimit;
    }

    /// <summary>Sets the accessed bit of a code or data descriptor in its table, unless it is set.</summary>
    /// <returns>False when the write faulted.</returns>
    internal bool MarkAccessed(ushort selector, Descriptor descriptor)
        => descriptor.IsAccessed
            || (FindDescriptor(selector, 8, out ulong linear)
                && MemoryAccess.WriteSystem(State, linear + 5, 1, ((descriptor.Raw >> 40) & 0xff) | 1));

    /// <summary>Records a fault whose error code is a selector.</summary>
    internal void FaultSelector(byte vector, ushort selector, uint ext = 0) => Fault(vector, (selector & 0xfffcu) | ext);

    /// <summary>#GP(0).</summary>
    internal void FaultProtection() => Fault(ExceptionVector.GeneralProtection, 0);

    /// <summary>#UD.</summary>
    internal void FaultUndefined() => Fault(ExceptionVector.InvalidOpcode);

    /// <summary>Loads a data or stack segment register as MOV and POP do (SDM vol. 2, MOV).</summary>
    /// <param name="number">0 ES, 2 SS, 3 DS, 4 FS, 5 GS.</param>
    /// <param name="selector">The new selector.</param>
    /// <returns>False when a fault was recorded; nothing is changed then.</returns>
    public bool LoadSegment(int number, ushort selector)
    {
        X86State* st = State;
        ref SegmentRegister segment = ref SegmentAt(number);
        if (!IsProtected)
        {
            LoadRealSegment(ref segment, selector);
        }
        else if (number == 2)
        {
            if (!ReadStackSegment(selector, st->Cpl, ExceptionVector.GeneralProtection, 0, out SegmentRegister stack))
            {
                return false;
            }

            segment = stack;
        }
        else if (!ReadDataSegment(selector, st->Cpl, ExceptionVector.GeneralProtection, out SegmentRegister data))
        {
            return false;
        }
        else
        {
            segment = data;
        }

        if (number == 2)
        {
            UpdateMode();
        }
        else
        {
            UpdateCodeMode();
        }

        return true;
    }

    /// <summary>Checks a selector for DS, ES, FS or GS and gives the register's new contents.</summary>
    /// <param name="selector">May be null.</param>
    /// <param name="cpl">The privilege level that must be allowed to use it.</param>
    /// <param name="vector">#GP, or #TS during a task switch.</param>
    /// <param name="segment">The result.</param>
    /// <returns>False when a fault was recorded.</returns>
    internal bool ReadDataSegment(ushort selector, int cpl, byte vector, out SegmentRegister segment)
    {
        segment = new SegmentRegister { Selector = selector };
        if (IsNull(selector))
        {
            return true;
        }

        if (!ReadDescriptor(selector, vector, 0, out Descriptor descriptor))
        {
            return false;
        }

        int rpl = selector & 3;
        if (!descriptor.IsReadable || (!descriptor.IsConforming && (rpl > descriptor.Dpl || cpl > descriptor.Dpl)))
        {
            FaultSelector(vector, selector);
            return false;
        }

        if (!descriptor.IsPresent)
        {
            FaultSelector(ExceptionVector.SegmentNotPresent, selector);
            return false;
        }

        segment = descriptor.ToSegment(selector);
        return MarkAccessed(selector, descriptor);
    }

    /// <summary>Checks a selector for SS and gives the register's new contents.</summary>
    /// <param name="selector">May be null in 64-bit mode below CPL 3.</param>
    /// <param name="cpl">The privilege level that the stack is for.</param>
    /// <param name="vector">#GP, or #TS for stacks from a TSS.</param>
    /// <param name="ext">The EXT bit.</param>
    /// <param name="segment">The result.</param>
    /// <returns>False when a fault was recorded.</returns>
    internal bool ReadStackSegment(ushort selector, int cpl, byte vector, uint ext, out SegmentRegister segment)
    {
        segment = new SegmentRegister { Selector = selector };
        if (IsNull(selector))
        {
            if (State->CodeBits == 64 && cpl < 3 && (selector & 3) == cpl)
            {
                return true;
            }

            Fault(vector, ext);
            return false;
        }

        if (!ReadDescriptor(selector, vector, ext, out Descriptor descriptor))
        {
            return false;
        }

        if ((selector & 3) != cpl || !descriptor.IsWritableData || descriptor.Dpl != cpl)
        {
            FaultSelector(vector, selector, ext);
            return false;
        }

        if (!descriptor.IsPresent)
        {
            FaultSelector(ExceptionVector.StackFault, selector, ext);
            return false;
        }

        segment = descriptor.ToSegment(selector);
        return MarkAccessed(selector, descriptor);
    }

    /// <summary>
    /// What a segment load does in real and virtual-8086 mode. Real mode keeps the cached limit and the D/B bit ("unreal mode"),
    /// virtual-8086 mode sets 64 KiB and DPL 3 (SDM vol. 3, 20.1 and 20.2).
    /// </summary>
    public void LoadRealSegment(ref SegmentRegister segment, ushort selector)
    {
        const ushort Data = SegmentRegister.Present | SegmentRegister.CodeOrData | SegmentRegister.WritableOrReadable | SegmentRegister.Accessed;
        segment.Selector = selector;
        segment.Base = (ulong)selector << 4;
        if (IsVirtual8086)
        {
            segment.Limit = 0xffff;
            segment.Attributes = Data | (3 << 5);
        }
        else
        {
            segment.Attributes = (ushort)(Data | (segment.Attributes & (SegmentRegister.Big | SegmentRegister.Granularity)));
        }

        segment.UpdateFastLimits();
    }

    /// <summary>A segment register by its encoding number.</summary>
    internal ref SegmentRegister SegmentAt(int number)
    {
        X86State* st = State;
        switch (number)
        {
            case 0: return ref st->Es;
            case 1: return ref st->Cs;
            case 2: return ref st->Ss;
            case 3: return ref st->Ds;
            case 4: return ref st->Fs;
            default: return ref st->Gs;
        }
    }

    /// <summary>Loads CS from a checked code descriptor, and the CPL with it.</summary>
    internal void SetCodeSegment(ushort selector, Descriptor descriptor, int cpl)
    {
        State->Cs = descriptor.ToSegment((ushort)((selector & 0xfffc) | cpl));
        State->Cpl = cpl;
    }

    /// <summary>After a return to an outer level: data segments that the new CPL may not use become null, and null selectors 0 (SDM vol. 2, RET).</summary>
    internal void DropInnerSegments(int cpl)
    {
        X86State* st = State;
        DropInner(ref st->Es, cpl);
        DropInner(ref st->Ds, cpl);
        DropInner(ref st->Fs, cpl);
        DropInner(ref st->Gs, cpl);
    }

    private static void DropInner(ref SegmentRegister segment, int cpl)
    {
        if ((segment.Selector & 0xfffc) == 0)
        {
            // The RPL of a null selector is lost; the base, which MSRs may have set, is not.
            segment.Selector = 0;
            return;
        }

        ushort attributes = segment.Attributes;
        bool isConforming = (attributes & (SegmentRegister.Code | SegmentRegister.ExpandDownOrConforming)) == (SegmentRegister.Code | SegmentRegister.ExpandDownOrConforming);
        if (segment.IsPresent && segment.Dpl < cpl && !isConforming)
        {
            segment = default;
        }
    }
}
