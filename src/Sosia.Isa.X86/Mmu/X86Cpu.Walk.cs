using System.Runtime.CompilerServices;
using System.Threading;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>Page walks (Intel SDM vol. 3, chapter 4).</content>
public sealed unsafe partial class X86Cpu
{
    private const ulong EntryPresent = 1;
    private const ulong EntryWritable = 2;
    private const ulong EntryUser = 4;
    private const ulong EntryAccessed = 0x20;
    private const ulong EntryDirty = 0x40;
    private const ulong EntryLarge = 0x80;
    private const ulong EntryGlobal = 0x100;
    private const ulong EntryNoExecute = 1UL << 63;
    private const ulong AddressMask = ((1UL << ControlBits.PhysicalAddressBits) - 1) & ~0xfffUL;

    private const uint ErrorPresent = 1;
    private const uint ErrorWrite = 2;
    private const uint ErrorUser = 4;
    private const uint ErrorReserved = 8;
    private const uint ErrorFetch = 0x10;

    // Set in the result of a failed walk, so that an error code of 0 differs from success.
    private const uint WalkFailed = 0x8000_0000;

    // Another processor changed an entry during the walk, which must begin anew.
    private bool _entryChanged;

    /// <summary>Translates the address of an instruction; every block that an engine caches by linear address was asked for here first.</summary>
    /// <param name="linear">Linear address of the first byte.</param>
    /// <param name="guestPhysical">Guest physical address, A20 gate applied.</param>
    /// <returns>False when the fetch faults; #PF (or #GP(0) for a non-canonical address) is recorded.</returns>
    public bool TranslateFetch(ulong linear, out ulong guestPhysical)
    {
        bool isUser = State->Cpl == 3;
        ulong page = linear & ~0xfffUL;
        ulong tag = page | (isUser ? 1UL : 0UL);
        FetchTlbEntry* entry = _fetchTlb + ((page >> 12) & (FetchTlbEntry.Count - 1));
        if (entry->Tag == tag && entry->Generation == (isUser ? _userFetchGeneration : _supervisorFetchGeneration))
        {
            guestPhysical = entry->GuestPhysical | (linear & 0xfff);
            return true;
        }

        guestPhysical = 0;
        if (!IsCanonical(linear))
        {
            Fault(ExceptionVector.GeneralProtection, 0);
            return false;
        }

        uint error = Walk(linear, PageAccess.Fetch, isUser ? AccessPrivilege.User : AccessPrivilege.Supervisor, out PageTranslation found);
        if (error != 0)
        {
            FaultPage(linear, error);
            return false;
        }

        MarkFetched(page, found.PageShift != 12);
        _supervisorFetchedLocally |= !isUser && (!found.IsGlobal || IsLow(page));
        entry->Tag = tag;
        entry->Generation = isUser ? _userFetchGeneration : _supervisorFetchGeneration;
        entry->GuestPhysical = found.GuestPhysical & ~0xfffUL;
        guestPhysical = found.GuestPhysical;
        return true;
    }

    /// <summary>Translates for a debugger or a trace: no permission checks, no side effects.</summary>
    /// <returns>False when nothing is mapped there.</returns>
    public bool TryTranslateDebug(ulong linear, out ulong guestPhysical)
    {
        guestPhysical = 0;
        if (!IsCanonical(linear) || Walk(linear, PageAccess.Probe, AccessPrivilege.Supervisor, out PageTranslation found) != 0)
        {
            return false;
        }

        guestPhysical = found.GuestPhysical;
        return true;
    }

    /// <summary>True unless the processor is in 64-bit or compatibility mode and the address has more than 48 significant bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsCanonical(ulong linear)
        => (State->Efer & ControlBits.EferLma) == 0 || (ulong)((long)(linear << 16) >> 16) == linear;

    /// <summary>Records #PF.</summary>
    private void FaultPage(ulong linear, uint walkError)
    {
        Fault(ExceptionVector.PageFault, walkError & ~WalkFailed);
        State->FaultAddress = linear;
    }

    /// <summary>Walks the paging structures.</summary>
    /// <returns>0, or <see cref="WalkFailed"/> with the #PF error code.</returns>
    private uint Walk(ulong linear, PageAccess access, AccessPrivilege privilege, out PageTranslation found)
    {
        X86State* st = State;
        if ((st->Cr0 & ControlBits.Cr0Pg) == 0)
        {
            found.GuestPhysical = linear & 0xffff_ffff & st->A20Mask;
            found.PageShift = 12;
            found.IsGlobal = false;
            found.IsWritable = true;
            return 0;
        }

        uint error;
        do
        {
            _entryChanged = false;
            error = (st->Cr4 & ControlBits.Cr4Pae) != 0
                ? WalkWide(linear, access, privilege, out found)
                : WalkNarrow(linear, access, privilege, out found);
        }
        while (_entryChanged);

        if (Trace is { } trace && access != PageAccess.Probe)
        {
            string name = access == PageAccess.Fetch ? "fetch" : access == PageAccess.Write ? "write" : "read";
            trace.PageWalked(this, linear, name, error == 0 ? found.GuestPhysical : null, error & ~WalkFailed);
        }

        return error;
    }

    // PAE and 4-level paging: 8-byte entries (SDM vol. 3, 4.4 and 4.5).
    private uint WalkWide(ulong linear, PageAccess access, AccessPrivilege privilege, out PageTranslation found)
    {
        X86State* st = State;
        found = default;
        bool isLong = (st->Efer & ControlBits.EferLma) != 0;
        bool hasNoExecute = (st->Efer & ControlBits.EferNxe) != 0;
        ulong reserved = (isLong ? 0x000f_ffff_ffff_f000UL : 0x7fff_ffff_ffff_f000UL) & ~AddressMask;
        if (!hasNoExecute)
        {
            reserved |= EntryNoExecute;
        }

        ulong* hosts = stackalloc ulong[4];
        ulong* values = stackalloc ulong[4];
        ulong* addresses = stackalloc ulong[4];
        ulong table;
        int shift;
        if (isLong)
        {
            table = st->Cr3 & AddressMask;
            shift = 39;
        }
        else
        {
            ulong pointer = st->Pdpte[(linear >> 30) & 3];
            if ((pointer & EntryPresent) == 0)
            {
                return WalkError(access, privilege, 0);
            }

            table = pointer & AddressMask;
            shift = 21;
        }

        ulong all = EntryWritable | EntryUser;
        ulong any = 0;
        int depth = 0;
        ulong entry;
        while (true)
        {
            ulong address = (table | (((linear >> shift) & 511) << 3)) & st->A20Mask;
            byte* host = PhysicalPointer(address);
            entry = host != null ? Volatile.Read(ref *(ulong*)host) : Memory.Read(address, 8);
            if ((entry & EntryPresent) == 0)
            {
                return WalkError(access, privilege, 0);
            }

            ulong forbidden = reserved;
            bool isLeaf = shift == 12;
            if (!isLeaf && (entry & EntryLarge) != 0)
            {
                // A PML4E has no size bit; a large page's entry has PAT in bit 12 and no address bits below the page size.
                forbidden |= shift == 39 ? EntryLarge : (1UL << shift) - 0x2000;
                isLeaf = true;
            }

            if ((entry & forbidden) != 0)
            {
                return WalkError(access, privilege, ErrorPresent | ErrorReserved);
            }

            all &= entry;
            any |= entry;
            hosts[depth] = (ulong)host;
            values[depth] = entry;
            addresses[depth] = address;
            depth++;
            if (isLeaf)
            {
                break;
            }

            table = entry & AddressMask;
            shift -= 9;
        }

        uint error = CheckPermission(access, privilege, all, hasNoExecute && (any & EntryNoExecute) != 0);
        if (error != 0)
        {
            return error;
        }

        if (access != PageAccess.Probe)
        {
            for (int i = 0; i < depth; i++)
            {
                ulong wanted = i == depth - 1 && access == PageAccess.Write ? EntryAccessed | EntryDirty : EntryAccessed;
                if ((values[i] & wanted) != wanted)
                {
                    SetEntryBits((byte*)hosts[i], addresses[i], values[i], wanted, 8);
                    entry |= i == depth - 1 ? wanted : 0;
                }
            }
        }

        Conclude(linear, entry, entry & AddressMask, shift, all, privilege, ref found);
        return 0;
    }

    // 32-bit paging: 4-byte entries, two levels (SDM vol. 3, 4.3).
    private uint WalkNarrow(ulong linear, PageAccess access, AccessPrivilege privilege, out PageTranslation found)
    {
        X86State* st = State;
        found = default;
        ulong directoryAddress = ((st->Cr3 & 0xffff_f000) | ((linear >> 20) & 0xffc)) & st->A20Mask;
        byte* directoryHost = PhysicalPointer(directoryAddress);
        ulong directory = directoryHost != null ? Volatile.Read(ref *(uint*)directoryHost) : Memory.Read(directoryAddress, 4);
        if ((directory & EntryPresent) == 0)
        {
            return WalkError(access, privilege, 0);
        }

        if ((directory & EntryLarge) != 0 && (st->Cr4 & ControlBits.Cr4Pse) != 0)
        {
            // PSE-36: bits 20–13 are address bits 39–32; bit 21 stays reserved with 40 physical address bits.
            if ((directory & (1 << 21)) != 0)
            {
                return WalkError(access, privilege, ErrorPresent | ErrorReserved);
            }

            uint largeError = CheckPermission(access, privilege, directory, noExecute: false);
            if (largeError != 0)
            {
                return largeError;
            }

            directory = MarkUsed(directoryHost, directoryAddress, directory, access, isLeaf: true);
            ulong large = (directory & 0xffc0_0000) | ((directory & 0x001f_e000) << 19);
            Conclude(linear, directory, large, 22, directory, privilege, ref found);
            return 0;
        }

        ulong tableAddress = ((directory & 0xffff_f000) | ((linear >> 10) & 0xffc)) & st->A20Mask;
        byte* tableHost = PhysicalPointer(tableAddress);
        ulong entry = tableHost != null ? Volatile.Read(ref *(uint*)tableHost) : Memory.Read(tableAddress, 4);
        if ((entry & EntryPresent) == 0)
        {
            return WalkError(access, privilege, 0);
        }

        uint error = CheckPermission(access, privilege, directory & entry, noExecute: false);
        if (error != 0)
        {
            return error;
        }

        MarkUsed(directoryHost, directoryAddress, directory, access, isLeaf: false);
        entry = MarkUsed(tableHost, tableAddress, entry, access, isLeaf: true);
        Conclude(linear, entry, entry & 0xffff_f000, 12, directory & entry, privilege, ref found);
        return 0;
    }

    private ulong MarkUsed(byte* host, ulong address, ulong entry, PageAccess access, bool isLeaf)
    {
        ulong wanted = isLeaf && access == PageAccess.Write ? EntryAccessed | EntryDirty : EntryAccessed;
        if (access != PageAccess.Probe && (entry & wanted) != wanted)
        {
            SetEntryBits(host, address, entry, wanted, 4);
            entry |= wanted;
        }

        return entry;
    }

    private void Conclude(ulong linear, ulong leaf, ulong frame, int shift, ulong all, AccessPrivilege privilege, ref PageTranslation found)
    {
        X86State* st = State;
        ulong offsetMask = (1UL << shift) - 1;
        found.GuestPhysical = ((frame & ~offsetMask) | (linear & offsetMask)) & st->A20Mask;
        found.PageShift = shift;
        found.IsGlobal = (leaf & EntryGlobal) != 0 && (st->Cr4 & ControlBits.Cr4Pge) != 0;
        found.IsWritable = (leaf & EntryDirty) != 0
            && ((all & EntryWritable) != 0 || (privilege != AccessPrivilege.User && (st->Cr0 & ControlBits.Cr0Wp) == 0));
    }

    // SDM vol. 3, 4.6.1: the rights of an address are the AND of U/S and R/W and the OR of XD over all entries used.
    private uint CheckPermission(PageAccess access, AccessPrivilege privilege, ulong all, bool noExecute)
    {
        if (access == PageAccess.Probe)
        {
            return 0;
        }

        X86State* st = State;
        bool isUserPage = (all & EntryUser) != 0;
        bool isUser = privilege == AccessPrivilege.User;
        bool isRefused = isUser && !isUserPage;
        if (access == PageAccess.Fetch)
        {
            isRefused |= noExecute || (!isUser && isUserPage && (st->Cr4 & ControlBits.Cr4Smep) != 0);
        }
        else
        {
            isRefused |= isUserPage && privilege == AccessPrivilege.SupervisorNoUser;
            isRefused |= access == PageAccess.Write && (all & EntryWritable) == 0 && (isUser || (st->Cr0 & ControlBits.Cr0Wp) != 0);
        }

        return isRefused ? WalkError(access, privilege, ErrorPresent) : 0;
    }

    // SDM vol. 3, 4.7.
    private uint WalkError(PageAccess access, AccessPrivilege privilege, uint error)
    {
        X86State* st = State;
        error |= WalkFailed;
        if (access == PageAccess.Write)
        {
            error |= ErrorWrite;
        }

        if (privilege == AccessPrivilege.User)
        {
            error |= ErrorUser;
        }

        if (access == PageAccess.Fetch
            && ((st->Cr4 & ControlBits.Cr4Smep) != 0
                || ((st->Cr4 & ControlBits.Cr4Pae) != 0 && (st->Efer & ControlBits.EferNxe) != 0)))
        {
            error |= ErrorFetch;
        }

        return error;
    }

    // Accessed and dirty bits are set when a walk has succeeded, with a locked operation as 4.8 says: not in an entry that is no longer what the
    // walk has read. A walk that faults sets none: the manual allows either.
    private void SetEntryBits(byte* host, ulong address, ulong entry, ulong bits, int byteCount)
    {
        if (host == null)
        {
            Memory.Write(address, byteCount, Memory.Read(address, byteCount) | bits);
            return;
        }

        PhysicalPageEntry* page = PhysicalPage(address);
        if (page->IsReadOnly != 0)
        {
            return;
        }

        ulong ramOffset = (page->RamPageIndex << 12) | (address & 0xfff);
        Memory.Ram.BeforeWrite(ramOffset, byteCount);
        _entryChanged |= byteCount == 8
            ? Interlocked.CompareExchange(ref *(ulong*)host, entry | bits, entry) != entry
            : Interlocked.CompareExchange(ref *(uint*)host, (uint)(entry | bits), (uint)entry) != (uint)entry;
        Memory.Ram.AfterWrite(ramOffset, byteCount);
    }

    /// <summary>The host address of a guest physical address, or null when it is not RAM or ROM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* PhysicalPointer(ulong guestPhysical)
    {
        PhysicalPageEntry* page = PhysicalPage(guestPhysical);
        return page->Host == null ? null : page->Host + (guestPhysical & 0xfff);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private PhysicalPageEntry* PhysicalPage(ulong guestPhysical)
    {
        PhysicalPageEntry* entry = _physicalPages + ((guestPhysical >> 12) & (PhysicalPageEntry.Count - 1));
        return entry->Tag == ((guestPhysical & ~0xfffUL) | 1) ? entry : FillPhysicalPage(entry, guestPhysical);
    }

    private PhysicalPageEntry* FillPhysicalPage(PhysicalPageEntry* entry, ulong guestPhysical)
    {
        entry->Host = Memory.FindRamPage(guestPhysical, out ulong ramPageIndex, out bool readOnly);
        entry->RamPageIndex = ramPageIndex;
        entry->IsReadOnly = readOnly ? 1UL : 0UL;
        entry->Tag = (guestPhysical & ~0xfffUL) | 1;
        return entry;
    }
}
