using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Sosia.Core.Memory;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>Data accesses that missed the fast path.</content>
public sealed unsafe partial class X86Cpu
{
    /// <summary>Reads 1, 2, 4 or 8 bytes at a linear address.</summary>
    /// <returns>False when it faulted; the fault is recorded.</returns>
    internal bool ReadLinear(ulong linear, int byteCount, AccessPrivilege privilege, PageAccess access, out ulong value)
    {
        value = 0;
        if ((int)(linear & 0xfff) + byteCount > GuestRam.PageSize)
        {
            return ReadAcross(linear, byteCount, privilege, access, out value);
        }

        TlbEntry* entry = Resolve(linear, privilege, access);
        if (entry == null)
        {
            return false;
        }

        value = ReadThrough(entry, linear, byteCount);
        return true;
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes at a linear address.</summary>
    /// <returns>False when it faulted, with nothing written; the fault is recorded.</returns>
    internal bool WriteLinear(ulong linear, int byteCount, AccessPrivilege privilege, ulong value)
    {
        if ((int)(linear & 0xfff) + byteCount > GuestRam.PageSize)
        {
            return WriteSpan(linear, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in value))[..byteCount], privilege);
        }

        TlbEntry* entry = Resolve(linear, privilege, PageAccess.Write);
        if (entry == null)
        {
            return false;
        }

        WriteThrough(entry, linear, byteCount, value);
        return true;
    }

    /// <summary>Checks an access at the current privilege without making it.</summary>
    /// <returns>False when it faulted.</returns>
    internal bool CheckAccess(ulong linear, int byteCount, PageAccess access)
        => PassesAlignmentCheck(linear, byteCount)
            && Resolve(linear, _privilege, access) != null
            && ((int)(linear & 0xfff) + byteCount <= GuestRam.PageSize || Resolve(NextPage(linear), _privilege, access) != null);

    /// <summary>Makes the current TLB's entry for an access that translated code found not to be fast, at the current privilege.</summary>
    /// <param name="linear">The access's address.</param>
    /// <param name="byteCount">Its size.</param>
    /// <param name="isWrite">Whether it writes.</param>
    /// <param name="faulted">True when the access faults; the fault is recorded.</param>
    /// <returns>True when the access is fast now; false when it faults or needs the long way for good.</returns>
    public bool TryMakeFast(ulong linear, int byteCount, bool isWrite, out bool faulted)
    {
        faulted = false;
        if (State->DataTlb != Tlb(_privilege) || (int)(linear & 0xfff) + byteCount > GuestRam.PageSize || !IsCanonical(linear))
        {
            return false;
        }

        TlbEntry* entry = Resolve(linear, _privilege, isWrite ? PageAccess.Write : PageAccess.Read);
        faulted = entry == null;
        return !faulted && (isWrite ? entry->WriteTag : entry->ReadTag) == (linear & ~0xfffUL);
    }

    /// <summary>Reads up to a page of bytes; nothing is stored in <paramref name="destination"/> unless all can be read.</summary>
    internal bool ReadSpan(ulong linear, Span<byte> destination, AccessPrivilege privilege)
    {
        int first = Math.Min(destination.Length, GuestRam.PageSize - (int)(linear & 0xfff));
        ulong second = NextPage(linear);
        if (Resolve(linear, privilege, PageAccess.Read) == null
            || (first < destination.Length && Resolve(second, privilege, PageAccess.Read) == null))
        {
            return false;
        }

        // Resolved again: the two pages may share a TLB slot.
        CopyOut(Resolve(linear, privilege, PageAccess.Read), linear, destination[..first]);
        if (first < destination.Length)
        {
            CopyOut(Resolve(second, privilege, PageAccess.Read), second, destination[first..]);
        }

        return true;
    }

    /// <summary>Writes up to a page of bytes: all or none.</summary>
    internal bool WriteSpan(ulong linear, ReadOnlySpan<byte> data, AccessPrivilege privilege)
    {
        int first = Math.Min(data.Length, GuestRam.PageSize - (int)(linear & 0xfff));
        ulong second = NextPage(linear);
        if (Resolve(linear, privilege, PageAccess.Write) == null
            || (first < data.Length && Resolve(second, privilege, PageAccess.Write) == null))
        {
            return false;
        }

        CopyIn(linear, data[..first], privilege);
        if (first < data.Length)
        {
            CopyIn(second, data[first..], privilege);
        }

        return true;
    }

    /// <summary>
    /// Finds the TLB entry for an access within one page, walking if it must; the entry's tag for the access then holds the page,
    /// perhaps with <see cref="TlbEntry.SlowBit"/>.
    /// </summary>
    /// <returns>Null when the access faults; the fault is recorded.</returns>
    private TlbEntry* Resolve(ulong linear, AccessPrivilege privilege, PageAccess access)
    {
        ulong page = linear & ~0xfffUL;
        TlbEntry* entry = Tlb(privilege) + ((page >> 12) & (TlbEntry.Count - 1));
        ulong tag = access == PageAccess.Write ? entry->WriteTag : entry->ReadTag;
        return (tag & ~TlbEntry.SlowBit) == page ? entry : Fill(entry, linear, privilege, access);
    }

    private TlbEntry* Fill(TlbEntry* entry, ulong linear, AccessPrivilege privilege, PageAccess access)
    {
        X86State* st = State;
        if (!IsCanonical(linear))
        {
            Fault(IsStackAccess(st->CurrentOp) ? ExceptionVector.StackFault : ExceptionVector.GeneralProtection, 0);
            return null;
        }

        st->TlbMisses++;
        uint error = Walk(linear, access, privilege, out PageTranslation found);
        if (error != 0)
        {
            FaultPage(linear, error);
            return null;
        }

        int listed = _listedCount[(int)privilege];
        if (listed <= MaxListed)
        {
            // A slot can be listed twice: flushing it twice is harmless.
            if (listed < MaxListed)
            {
                _listed[((int)privilege * MaxListed) + listed] = (ushort)(entry - Tlb(privilege));
            }

            _listedCount[(int)privilege] = listed + 1;
        }

        ulong page = linear & ~0xfffUL;
        ulong flags = found.IsGlobal ? TlbEntry.GlobalFlag : 0;
        if (found.PageShift != 12)
        {
            flags |= TlbEntry.LargeFlag;
            _largeRegions |= 1UL << (int)((page >> 30) & 63);
        }

        ulong writeTag = found.IsWritable ? page : TlbEntry.Invalid;
        PhysicalPageEntry* physical = PhysicalPage(found.GuestPhysical);
        if (physical->Host == null)
        {
            entry->ReadTag = page | TlbEntry.SlowBit;
            entry->WriteTag = found.IsWritable ? page | TlbEntry.SlowBit : TlbEntry.Invalid;
            entry->Addend = (found.GuestPhysical & ~0xfffUL) - page;
            entry->RamPage = (ulong.MaxValue << TlbEntry.RamPageShift) | flags | TlbEntry.DeviceFlag;
            return entry;
        }

        if (found.IsWritable && (physical->IsReadOnly != 0 || (((RamPageFlags)Memory.Ram.PageFlags[physical->RamPageIndex]) & RamPageFlags.WriteSlow) != 0))
        {
            writeTag = page | TlbEntry.SlowBit;
        }

        entry->ReadTag = page;
        entry->WriteTag = writeTag;
        entry->Addend = (ulong)physical->Host - page;
        entry->RamPage = (physical->RamPageIndex << TlbEntry.RamPageShift) | flags | (physical->IsReadOnly != 0 ? TlbEntry.ReadOnlyFlag : 0);
        ConfirmFast(entry, page);
        return entry;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong ReadThrough(TlbEntry* entry, ulong linear, int byteCount)
    {
        if ((entry->RamPage & TlbEntry.DeviceFlag) != 0)
        {
            DeviceMemoryAccesses++;
            ulong deviceValue = Memory.Read(entry->Addend + linear, byteCount);
            StopAfterInstruction();
            return deviceValue;
        }

        // SAFETY: the entry maps the page to host memory and the access stays within the page.
        byte* host = (byte*)(entry->Addend + linear);
        return byteCount switch
        {
            1 => *host,
            2 => *(ushort*)host,
            4 => *(uint*)host,
            _ => *(ulong*)host,
        };
    }

    private void WriteThrough(TlbEntry* entry, ulong linear, int byteCount, ulong value)
    {
        if ((entry->RamPage & (TlbEntry.DeviceFlag | TlbEntry.ReadOnlyFlag)) != 0)
        {
            WriteSlowSpace(entry, linear, byteCount, value);
            return;
        }

        // SAFETY: the entry maps the page to host memory and the access stays within the page.
        byte* host = (byte*)(entry->Addend + linear);
        bool isSlow = (entry->WriteTag & TlbEntry.SlowBit) != 0;
        if (isSlow)
        {
            BeforeSlowWrite(entry, linear, byteCount);
        }

        switch (byteCount)
        {
            case 1:
                *host = (byte)value;
                break;
            case 2:
                *(ushort*)host = (ushort)value;
                break;
            case 4:
                *(uint*)host = (uint)value;
                break;
            default:
                *(ulong*)host = value;
                break;
        }

        if (isSlow)
        {
            AfterSlowWrite(entry, linear, byteCount);
        }
    }

    private void WriteSlowSpace(TlbEntry* entry, ulong linear, int byteCount, ulong value)
    {
        // Writes to ROM vanish, as on the real bus.
        if ((entry->RamPage & TlbEntry.DeviceFlag) != 0)
        {
            DeviceMemoryAccesses++;
            Memory.Write(entry->Addend + linear, byteCount, value);
            StopAfterInstruction();
        }
    }

    // Tells the owners of the page's flags; when no flag is left the page becomes fast again.
    private void BeforeSlowWrite(TlbEntry* entry, ulong linear, int byteCount)
    {
        ulong ramPage = entry->RamPage >> TlbEntry.RamPageShift;
        Memory.Ram.BeforeWrite((ramPage << 12) | (linear & 0xfff), byteCount);
        ulong page = linear & ~0xfffUL;
        if ((((RamPageFlags)Memory.Ram.PageFlags[ramPage]) & RamPageFlags.WriteSlow) == 0 && entry->WriteTag == (page | TlbEntry.SlowBit))
        {
            entry->WriteTag = page;
            ConfirmFast(entry, page);
        }
    }

    private void AfterSlowWrite(TlbEntry* entry, ulong linear, int byteCount)
        => Memory.Ram.AfterWrite(((entry->RamPage >> TlbEntry.RamPageShift) << 12) | (linear & 0xfff), byteCount);

    /// <summary>
    /// The host memory of a locked read-modify-write at the current privilege, which the caller does atomically there and then calls
    /// <see cref="AfterLockedWrite"/>.
    /// </summary>
    /// <param name="linear">Linear address.</param>
    /// <param name="byteCount">1, 2, 4, 8 or 16.</param>
    /// <param name="host">The memory; null when it is a device's, read-only or in two pages, where the access is made like any other.</param>
    /// <returns>False when it faulted; the fault is recorded.</returns>
    internal bool LockedHost(ulong linear, int byteCount, out byte* host)
    {
        host = null;
        if (!PassesAlignmentCheck(linear, byteCount))
        {
            return false;
        }

        if ((int)(linear & 0xfff) + byteCount > GuestRam.PageSize)
        {
            return true;
        }

        TlbEntry* entry = Resolve(linear, _privilege, PageAccess.Write);
        if (entry == null)
        {
            return false;
        }

        if ((entry->RamPage & (TlbEntry.DeviceFlag | TlbEntry.ReadOnlyFlag)) == 0)
        {
            // SAFETY: the entry maps the page to host memory and the access stays within the page.
            host = (byte*)(entry->Addend + linear);
            if ((entry->WriteTag & TlbEntry.SlowBit) != 0)
            {
                BeforeSlowWrite(entry, linear, byteCount);
            }
        }

        return true;
    }

    /// <summary>A locked access has written what <see cref="LockedHost"/> gave.</summary>
    internal void AfterLockedWrite(ulong linear, int byteCount)
    {
        TlbEntry* entry = Resolve(linear, _privilege, PageAccess.Write);
        AfterSlowWrite(entry, linear, byteCount);
        WatchData(linear, byteCount, isWrite: false);
        WatchData(linear, byteCount, isWrite: true);
    }

    // Another processor's thread may have marked the page meanwhile: it marks, then looks at the entries; here it is the other way round.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ConfirmFast(TlbEntry* entry, ulong page)
    {
        if (CpuCount > 1 && entry->WriteTag == page)
        {
            Thread.MemoryBarrier();
            ulong ramPage = entry->RamPage >> TlbEntry.RamPageShift;
            if (((RamPageFlags)Volatile.Read(ref Memory.Ram.PageFlags[ramPage]) & RamPageFlags.WriteSlow) != 0)
            {
                entry->WriteTag = page | TlbEntry.SlowBit;
            }
        }
    }

    private bool ReadAcross(ulong linear, int byteCount, AccessPrivilege privilege, PageAccess access, out ulong value)
    {
        value = 0;
        ulong second = NextPage(linear);
        if (Resolve(linear, privilege, access) == null || Resolve(second, privilege, access) == null)
        {
            return false;
        }

        int first = (int)(second - linear) & 0xfff;
        for (int i = 0; i < byteCount; i++)
        {
            ulong at = i < first ? linear + (ulong)i : second + (ulong)(i - first);
            value |= ReadThrough(Resolve(at, privilege, access), at, 1) << (8 * i);
        }

        return true;
    }

    // The page after an address's own; outside 64-bit code addresses wrap at 4 GiB.
    private ulong NextPage(ulong linear)
    {
        ulong next = (linear | 0xfff) + 1;
        return State->CodeBits != 64 && linear <= uint.MaxValue ? next & uint.MaxValue : next;
    }

    private void CopyOut(TlbEntry* entry, ulong linear, Span<byte> destination)
    {
        if ((entry->RamPage & TlbEntry.DeviceFlag) == 0)
        {
            // SAFETY: the entry maps the page to host memory and the caller keeps the span within the page.
            new ReadOnlySpan<byte>((byte*)(entry->Addend + linear), destination.Length).CopyTo(destination);
            return;
        }

        while (!destination.IsEmpty)
        {
            int chunk = DeviceChunk(linear, destination.Length);
            ulong value = ReadThrough(entry, linear, chunk);
            MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in value))[..chunk].CopyTo(destination);
            destination = destination[chunk..];
            linear += (ulong)chunk;
        }
    }

    private void CopyIn(ulong linear, ReadOnlySpan<byte> data, AccessPrivilege privilege)
    {
        TlbEntry* entry = Resolve(linear, privilege, PageAccess.Write);
        if ((entry->RamPage & (TlbEntry.DeviceFlag | TlbEntry.ReadOnlyFlag)) == 0)
        {
            // SAFETY: the entry maps the page to host memory and the caller keeps the data within the page.
            byte* host = (byte*)(entry->Addend + linear);
            bool isSlow = (entry->WriteTag & TlbEntry.SlowBit) != 0;
            if (isSlow)
            {
                BeforeSlowWrite(entry, linear, data.Length);
            }

            data.CopyTo(new Span<byte>(host, data.Length));
            if (isSlow)
            {
                AfterSlowWrite(entry, linear, data.Length);
            }

            return;
        }

        while (!data.IsEmpty)
        {
            int chunk = DeviceChunk(linear, data.Length);
            ulong value = 0;
            data[..chunk].CopyTo(MemoryMarshal.AsBytes(new Span<ulong>(ref value)));
            WriteSlowSpace(entry, linear, chunk, value);
            data = data[chunk..];
            linear += (ulong)chunk;
        }
    }

    // A device sees naturally aligned pieces of at most 8 bytes.
    private static int DeviceChunk(ulong linear, int byteCount)
    {
        int chunk = 8;
        while (chunk > byteCount || (linear & (ulong)(chunk - 1)) != 0)
        {
            chunk >>= 1;
        }

        return chunk;
    }

    // In 64-bit code a non-canonical stack reference raises #SS instead of #GP: RSP and RBP as base imply SS (SDM vol. 1, 3.7.5).
    private bool IsStackAccess(Op* op)
    {
        if (op == null)
        {
            return false;
        }

        return op->Segment == StateOffset.SegmentAt(2) || op->Segment == StateOffset.StackZero;
    }
}
