using System;
using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Mmu;

/// <summary>
/// The long way of every memory access: TLB misses, device space, code pages, page straddles, segment checks. A method that returns
/// false has recorded the fault in the state (<see cref="X86State.Exit"/>), and the running instruction must commit nothing.
/// </summary>
public static unsafe class MemoryAccess
{
    /// <summary>Reads at the current privilege.</summary>
    /// <param name="st">The CPU's state.</param>
    /// <param name="linear">Linear address.</param>
    /// <param name="byteCount">1, 2, 4 or 8.</param>
    /// <param name="value">The value, zero-extended.</param>
    /// <returns>False when it faulted.</returns>
    public static bool ReadSlow(X86State* st, ulong linear, int byteCount, out ulong value)
    {
        X86Cpu cpu = X86Cpu.FromState(st);
        value = 0;
        return cpu.PassesAlignmentCheck(linear, byteCount)
            && cpu.ReadLinear(linear, byteCount, cpu.Privilege, PageAccess.Read, out value)
            && cpu.WatchData(linear, byteCount, isWrite: false);
    }

    /// <summary>Writes at the current privilege.</summary>
    /// <returns>False when it faulted; nothing is written then.</returns>
    public static bool WriteSlow(X86State* st, ulong linear, int byteCount, ulong value)
    {
        X86Cpu cpu = X86Cpu.FromState(st);
        return cpu.PassesAlignmentCheck(linear, byteCount)
            && cpu.WriteLinear(linear, byteCount, cpu.Privilege, value)
            && cpu.WatchData(linear, byteCount, isWrite: true);
    }

    /// <summary>
    /// The read half of a read-modify-write: demands write permission, so that a following <see cref="WriteSlow"/> to the same address
    /// cannot fault, and reports its page fault as a write.
    /// </summary>
    /// <returns>False when it faulted.</returns>
    public static bool ReadForUpdateSlow(X86State* st, ulong linear, int byteCount, out ulong value)
    {
        X86Cpu cpu = X86Cpu.FromState(st);
        value = 0;
        return cpu.PassesAlignmentCheck(linear, byteCount)
            && cpu.ReadLinear(linear, byteCount, cpu.Privilege, PageAccess.Write, out value)
            && cpu.WatchData(linear, byteCount, isWrite: false);
    }

    /// <summary>Reads up to 4096 bytes at the current privilege; all or none. Alignment is the caller's business.</summary>
    /// <returns>False when it faulted.</returns>
    public static bool ReadBytes(X86State* st, ulong linear, Span<byte> destination)
    {
        X86Cpu cpu = X86Cpu.FromState(st);
        return cpu.ReadSpan(linear, destination, cpu.Privilege) && cpu.WatchData(linear, destination.Length, isWrite: false);
    }

    /// <summary>Writes up to 4096 bytes at the current privilege; all or none. Alignment is the caller's business.</summary>
    /// <returns>False when it faulted.</returns>
    public static bool WriteBytes(X86State* st, ulong linear, ReadOnlySpan<byte> data)
    {
        X86Cpu cpu = X86Cpu.FromState(st);
        return cpu.WriteSpan(linear, data, cpu.Privilege) && cpu.WatchData(linear, data.Length, isWrite: true);
    }

    /// <summary>Reads as the processor itself does (descriptor tables, task state): supervisor whatever the CPL.</summary>
    /// <returns>False when it faulted.</returns>
    public static bool ReadSystem(X86State* st, ulong linear, int byteCount, out ulong value)
    {
        X86Cpu cpu = X86Cpu.FromState(st);
        return cpu.ReadLinear(linear, byteCount, cpu.SystemPrivilege, PageAccess.Read, out value);
    }

    /// <summary>Writes as the processor itself does (accessed and busy bits, task state): supervisor whatever the CPL.</summary>
    /// <returns>False when it faulted.</returns>
    public static bool WriteSystem(X86State* st, ulong linear, int byteCount, ulong value)
    {
        X86Cpu cpu = X86Cpu.FromState(st);
        return cpu.WriteLinear(linear, byteCount, cpu.SystemPrivilege, value);
    }

    /// <summary>Reads at a chosen privilege (stacks of another privilege level).</summary>
    /// <returns>False when it faulted.</returns>
    public static bool ReadAs(X86State* st, AccessPrivilege privilege, ulong linear, int byteCount, out ulong value)
        => X86Cpu.FromState(st).ReadLinear(linear, byteCount, privilege, PageAccess.Read, out value);

    /// <summary>Writes at a chosen privilege (stacks of another privilege level).</summary>
    /// <returns>False when it faulted; nothing is written then.</returns>
    public static bool WriteAs(X86State* st, AccessPrivilege privilege, ulong linear, int byteCount, ulong value)
        => X86Cpu.FromState(st).WriteLinear(linear, byteCount, privilege, value);

    /// <summary>Checks that a read at the current privilege would not fault, without reading.</summary>
    /// <returns>False when it faulted.</returns>
    public static bool CheckRead(X86State* st, ulong linear, int byteCount)
        => X86Cpu.FromState(st).CheckAccess(linear, byteCount, PageAccess.Read);

    /// <summary>Checks that a write at the current privilege would not fault, without writing.</summary>
    /// <returns>False when it faulted.</returns>
    public static bool CheckWrite(X86State* st, ulong linear, int byteCount)
        => X86Cpu.FromState(st).CheckAccess(linear, byteCount, PageAccess.Write);

    /// <summary>
    /// The linear address of an operation's memory operand when it needs the long way: segment limits and types outside 64-bit code,
    /// and 16- or 32-bit address sizes.
    /// </summary>
    /// <param name="st">The CPU's state.</param>
    /// <param name="op">The operation.</param>
    /// <param name="byteCount">Width of the access in bytes; 0 checks the first byte only.</param>
    /// <param name="isWrite">True to demand a writable segment.</param>
    /// <param name="linear">The address.</param>
    /// <returns>False when the segment refuses: #GP(0), or #SS(0) for SS.</returns>
    public static bool SegmentedAddress(X86State* st, Op* op, int byteCount, bool isWrite, out ulong linear)
        => SegmentedOffset(st, op, EffectiveAddress(st, op), byteCount, isWrite, out linear);

    /// <summary>As the other overload, for a memory operand moved by a number of bytes within its address size (bit strings).</summary>
    /// <returns>False when the segment refuses: #GP(0), or #SS(0) for SS.</returns>
    public static bool SegmentedAddress(X86State* st, Op* op, ulong byteOffset, int byteCount, bool isWrite, out ulong linear)
        => SegmentedOffset(st, op, WrapAddress(op, EffectiveAddress(st, op) + byteOffset), byteCount, isWrite, out linear);

    /// <summary>As <see cref="SegmentedAddress(X86State*, Op*, int, bool, out ulong)"/> for an offset that the caller computed, in the operation's segment.</summary>
    /// <returns>False when the segment refuses: #GP(0), or #SS(0) for SS.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool SegmentedOffset(X86State* st, Op* op, ulong offset, int byteCount, bool isWrite, out ulong linear)
    {
        // SAFETY: the operation's segment field is the offset of a SegmentRegister or, for flat segments in 64-bit code, of Zero.
        if (st->CodeBits == 64)
        {
            bool hasBase = op->Segment == StateOffset.SegmentAt(4) || op->Segment == StateOffset.SegmentAt(5);
            linear = hasBase ? offset + *(ulong*)((byte*)st + op->Segment) : offset;
            return true;
        }

        return SegmentOffset(st, ref *(SegmentRegister*)((byte*)st + op->Segment), op->Segment == StateOffset.SegmentAt(2), offset, byteCount, isWrite, out linear);
    }

    /// <summary>The effective address of an operation's memory operand, wrapped to its address size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong EffectiveAddress(X86State* st, Op* op)
    {
        // SAFETY: base and index are offsets of 64-bit registers in the state.
        byte* state = (byte*)st;
        ulong address = *(ulong*)(state + op->Base) + (*(ulong*)(state + op->Index) << op->Scale) + (ulong)(long)op->Displacement;
        return WrapAddress(op, address);
    }

    /// <summary>Cuts an offset to an operation's address size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong WrapAddress(Op* op, ulong address)
        => (op->Flags & OpFlags.Address16) != 0 ? address & 0xffff
            : (op->Flags & OpFlags.Address32) != 0 ? address & 0xffff_ffff
            : address;

    /// <summary>Checks an offset against a segment and adds the segment's base.</summary>
    /// <param name="st">The CPU's state.</param>
    /// <param name="segment">The segment register.</param>
    /// <param name="isStack">True for SS: faults are #SS instead of #GP.</param>
    /// <param name="offset">The offset, already wrapped to its address size.</param>
    /// <param name="byteCount">Width of the access in bytes.</param>
    /// <param name="isWrite">True to demand a writable segment.</param>
    /// <param name="linear">The address.</param>
    /// <returns>False when the segment refuses.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool SegmentOffset(X86State* st, ref SegmentRegister segment, bool isStack, ulong offset, int byteCount, bool isWrite, out ulong linear)
    {
        if (st->CodeBits == 64)
        {
            bool hasBase = Unsafe.AreSame(ref segment, ref st->Fs)
                || Unsafe.AreSame(ref segment, ref st->Gs);
            linear = hasBase ? segment.Base + offset : offset;
            return true;
        }

        linear = (segment.Base + offset) & 0xffff_ffff;
        if (IsWithin(ref segment, offset, byteCount, isWrite))
        {
            return true;
        }

        X86Cpu.FromState(st).Fault(isStack ? ExceptionVector.StackFault : ExceptionVector.GeneralProtection, 0);
        return false;
    }

    /// <summary>True when a segment allows an access outside 64-bit mode.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsWithin(ref SegmentRegister segment, ulong offset, int byteCount, bool isWrite)
        => offset + (ulong)byteCount <= (isWrite ? segment.WriteEnd : segment.ReadEnd) || AllowsSlow(ref segment, offset, byteCount, isWrite);

    // SDM vol. 3, 5.3 and 5.4: limits (also of expand-down segments) and types.
    private static bool AllowsSlow(ref SegmentRegister segment, ulong offset, int byteCount, bool isWrite)
    {
        ushort attributes = segment.Attributes;
        if (!segment.IsPresent || (attributes & SegmentRegister.CodeOrData) == 0)
        {
            return false;
        }

        bool isCode = (attributes & SegmentRegister.Code) != 0;
        bool bit1 = (attributes & SegmentRegister.WritableOrReadable) != 0;
        if (isWrite ? isCode || !bit1 : isCode && !bit1)
        {
            return false;
        }

        ulong last = offset + (ulong)(byteCount == 0 ? 0 : byteCount - 1);
        if (!isCode && (attributes & SegmentRegister.ExpandDownOrConforming) != 0)
        {
            ulong top = (attributes & SegmentRegister.Big) != 0 ? 0xffff_ffffUL : 0xffff;
            return offset > segment.Limit && last <= top;
        }

        // A 4 GiB segment lets an access wrap around its end, as processors do.
        return last <= segment.Limit || segment.Limit == uint.MaxValue;
    }
}
