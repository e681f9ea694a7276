using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86;

/// <content>The soft TLBs: their memory, flushing, and which of them is current.</content>
public sealed unsafe partial class X86Cpu
{
    // One TLB per AccessPrivilege, then one that never gets an entry: the current one while every access must take the long way.
    private const int PrivilegeCount = 3;
    private const int MaxListed = 256;

    private readonly ushort[] _listed = new ushort[PrivilegeCount * MaxListed];
    private readonly int[] _listedCount = new int[PrivilegeCount];

    // Which linear pages were fetched from since the jump cache was last voided: a Bloom filter of one hash.
    private readonly ulong[] _fetchedPages = new ulong[64];
    private readonly ulong[] _fetchedLowPages = new ulong[64];

    private TlbEntry* _tlbs;
    private FetchTlbEntry* _fetchTlb;
    private PhysicalPageEntry* _physicalPages;
    private ulong _userFetchGeneration = 1;
    private ulong _userJumpGeneration = 1;
    private ulong _supervisorFetchGeneration = 1;
    private ulong _supervisorJumpGeneration = 1;

    // Whether the supervisor fetched from a page that a write of CR3 or the flush of a page below may move.
    private bool _supervisorFetchedLocally;
    private ulong _largeRegions;
    private ulong _largeFetchRegions;
    private ulong _largeLowFetchRegions;
    private AccessPrivilege _privilege;
    private bool _isAlignmentChecked;

    /// <summary>The privilege of explicit data accesses now; follows <see cref="UpdatePrivilege"/>.</summary>
    public AccessPrivilege Privilege => _privilege;

    /// <summary>Flushes all translations, or all that are not global.</summary>
    public void FlushTlb(bool keepGlobal)
    {
        for (int privilege = 0; privilege < PrivilegeCount; privilege++)
        {
            FlushOne(privilege, keepGlobal);
        }

        if (!keepGlobal)
        {
            _largeRegions = 0;
        }

        if (keepGlobal)
        {
            VoidLocalFetches();
        }
        else
        {
            VoidFetches();
        }
    }

    /// <summary>Flushes the translations of one linear address, as INVLPG does: global ones too, and the whole page however large.</summary>
    public void FlushPage(ulong linear)
    {
        ulong page = linear & ~0xfffUL;
        int index = (int)(page >> 12) & (TlbEntry.Count - 1);
        for (int privilege = 0; privilege < PrivilegeCount; privilege++)
        {
            TlbEntry* entry = Tlb((AccessPrivilege)privilege) + index;
            if ((entry->ReadTag & ~0xfffUL) == page)
            {
                Clear(entry);
            }
        }

        ulong region = 1UL << (int)((page >> 30) & 63);
        if ((_largeRegions & region) != 0)
        {
            FlushLargePieces(page);
        }

        bool isLow = IsLow(page);
        if (((isLow ? _largeLowFetchRegions : _largeFetchRegions) & region) == 0 && !WasFetched(page))
        {
            return;
        }

        if (isLow)
        {
            VoidLocalFetches();
        }
        else
        {
            VoidFetches();
        }
    }

    /// <summary>Voids the engine's jump cache: for an engine that has dropped blocks.</summary>
    public void DropJumpCache()
    {
        _userJumpGeneration++;
        _supervisorJumpGeneration++;
        PublishJumpGeneration();
    }

    /// <summary>
    /// Selects the data TLB of the current privilege. To be called after every change of CPL, CR0.AM, CR4.SMAP, EFLAGS.AC or DR7.
    /// </summary>
    public void UpdatePrivilege()
    {
        X86State* st = State;
        bool isUser = st->Cpl == 3;
        bool hasAc = (st->SystemFlags & ControlBits.Ac) != 0;
        _privilege = isUser ? AccessPrivilege.User
            : (st->Cr4 & ControlBits.Cr4Smap) != 0 && !hasAc ? AccessPrivilege.SupervisorNoUser
            : AccessPrivilege.Supervisor;
        _isAlignmentChecked = isUser && hasAc && (st->Cr0 & ControlBits.Cr0Am) != 0;
        bool isSlow = _isAlignmentChecked || _hasDataBreakpoints;
        st->DataTlb = _tlbs + ((isSlow ? PrivilegeCount : (int)_privilege) * TlbEntry.Count);
        PublishJumpGeneration();
    }

    /// <summary>The privilege of implicit supervisor accesses (descriptor tables, TSS): never user pages under SMAP (SDM vol. 3, 4.6.1).</summary>
    public AccessPrivilege SystemPrivilege
        => (State->Cr4 & ControlBits.Cr4Smap) != 0 ? AccessPrivilege.SupervisorNoUser : AccessPrivilege.Supervisor;

    /// <inheritdoc/>
    public void MemoryMapChanged()
    {
        if (Memory.Threads.IsForeign(this))
        {
            Post(PendingEvent.MemoryMap);
        }
        else
        {
            DropTranslations();
        }
    }

    private void DropTranslations()
    {
        // SAFETY: the cache was allocated with exactly this size.
        NativeMemory.Clear(_physicalPages, (nuint)(sizeof(PhysicalPageEntry) * PhysicalPageEntry.Count));
        FlushTlb(keepGlobal: false);
    }

    /// <inheritdoc/>
    public void WriteProtectRamPage(ulong ramPageIndex) => WriteProtectRamPages(ramPageIndex, 1);

    /// <inheritdoc/>
    public void WriteProtectRamPages(ulong firstRamPage, ulong pageCount)
    {
        for (int i = 0; i < PrivilegeCount * TlbEntry.Count; i++)
        {
            TlbEntry* entry = _tlbs + i;
            ulong tag = entry->WriteTag;
            if ((entry->RamPage >> TlbEntry.RamPageShift) - firstRamPage < pageCount && (tag & 0xfff) == 0)
            {
                // The processor's own thread may be replacing the entry; it looks at the page's flags after that.
                Interlocked.CompareExchange(ref entry->WriteTag, tag | TlbEntry.SlowBit, tag);
            }
        }
    }

    private void AllocateTlbs()
    {
        // SAFETY: native arrays of the sizes that the constants name, freed by FreeTlbs.
        _tlbs = (TlbEntry*)NativeMemory.AlignedAlloc((nuint)(sizeof(TlbEntry) * TlbEntry.Count * (PrivilegeCount + 1)), 64);
        _fetchTlb = (FetchTlbEntry*)NativeMemory.AllocZeroed((nuint)(sizeof(FetchTlbEntry) * FetchTlbEntry.Count));
        _physicalPages = (PhysicalPageEntry*)NativeMemory.AllocZeroed((nuint)(sizeof(PhysicalPageEntry) * PhysicalPageEntry.Count));
        for (int i = 0; i < TlbEntry.Count * (PrivilegeCount + 1); i++)
        {
            Clear(_tlbs + i);
        }
    }

    private void FreeTlbs()
    {
        // SAFETY: allocated by AllocateTlbs; nobody uses the CPU any more.
        NativeMemory.AlignedFree(_tlbs);
        NativeMemory.Free(_fetchTlb);
        NativeMemory.Free(_physicalPages);
        _tlbs = null;
        _fetchTlb = null;
        _physicalPages = null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Clear(TlbEntry* entry)
    {
        entry->ReadTag = TlbEntry.Invalid;
        entry->WriteTag = TlbEntry.Invalid;
        entry->RamPage = ulong.MaxValue << TlbEntry.RamPageShift;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TlbEntry* Tlb(AccessPrivilege privilege) => _tlbs + ((int)privilege * TlbEntry.Count);

    // Few entries are filled between two CR3 writes as a rule: they are listed, so that a flush need not visit all of them.
    private void FlushOne(int privilege, bool keepGlobal)
    {
        TlbEntry* tlb = _tlbs + (privilege * TlbEntry.Count);
        int count = _listedCount[privilege];
        Span<ushort> list = _listed.AsSpan(privilege * MaxListed, MaxListed);
        if (count > MaxListed)
        {
            int kept = 0;
            for (int i = 0; i < TlbEntry.Count; i++)
            {
                if (keepGlobal && (tlb[i].RamPage & TlbEntry.GlobalFlag) != 0)
                {
                    if (kept < MaxListed)
                    {
                        list[kept] = (ushort)i;
                    }

                    kept++;
                }
                else
                {
                    Clear(tlb + i);
                }
            }

            _listedCount[privilege] = kept;
            return;
        }

        int remaining = 0;
        for (int i = 0; i < count; i++)
        {
            TlbEntry* entry = tlb + list[i];
            if (keepGlobal && (entry->RamPage & TlbEntry.GlobalFlag) != 0)
            {
                list[remaining++] = list[i];
            }
            else
            {
                Clear(entry);
            }
        }

        _listedCount[privilege] = remaining;
    }

    private void FlushLargePieces(ulong page)
    {
        for (int i = 0; i < PrivilegeCount * TlbEntry.Count; i++)
        {
            TlbEntry* entry = _tlbs + i;
            // The pieces do not record their page's size: dropping all of the same gigabyte is always enough.
            if ((entry->RamPage & TlbEntry.LargeFlag) != 0 && entry->ReadTag >> 30 == page >> 30)
            {
                Clear(entry);
            }
        }
    }

    private bool WasFetched(ulong page)
    {
        int hash = (int)((page >> 12) ^ (page >> 24)) & 4095;
        return ((IsLow(page) ? _fetchedLowPages : _fetchedPages)[hash >> 6] & (1UL << (hash & 63))) != 0;
    }

    private void MarkFetched(ulong page, bool isLarge)
    {
        int hash = (int)((page >> 12) ^ (page >> 24)) & 4095;
        bool isLow = IsLow(page);
        (isLow ? _fetchedLowPages : _fetchedPages)[hash >> 6] |= 1UL << (hash & 63);
        if (isLarge)
        {
            (isLow ? ref _largeLowFetchRegions : ref _largeFetchRegions) |= 1UL << (int)((page >> 30) & 63);
        }
    }

    // Systems keep their users' pages below and their own above.
    private static bool IsLow(ulong page) => (long)page >= 0;

    // After a write of CR3 global pages stay: the kernel's code, as a rule, so that its blocks need not be found again at every switch of address spaces.
    private void VoidLocalFetches()
    {
        if (_supervisorFetchedLocally)
        {
            VoidFetches();
            return;
        }

        _userFetchGeneration++;
        _userJumpGeneration++;
        _largeLowFetchRegions = 0;
        Array.Clear(_fetchedLowPages);
        PublishJumpGeneration();
    }

    private void VoidFetches()
    {
        _userFetchGeneration++;
        _userJumpGeneration++;
        _supervisorFetchGeneration++;
        _supervisorJumpGeneration++;
        _supervisorFetchedLocally = false;
        _largeFetchRegions = 0;
        _largeLowFetchRegions = 0;
        Array.Clear(_fetchedLowPages);
        Array.Clear(_fetchedPages);
        PublishJumpGeneration();
    }

    // What a cached block depends on besides its address: the code's mode, and whether fetches are the user's.
    private void PublishJumpGeneration()
    {
        X86State* st = State;
        ulong mode = (ulong)st->CodeMode | (st->Cpl == 3 ? 0x80u : 0);
        st->JumpCacheGeneration = ((st->Cpl == 3 ? _userJumpGeneration : _supervisorJumpGeneration) << 8) | mode;
    }
}
