using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Xunit;

namespace Sosia.Isa.X86.Tests.Mmu;

/// <summary>4-level paging: SDM vol. 3, 4.5 to 4.8, check by check.</summary>
public sealed unsafe class LongPagingTests
{
    private const ulong Linear = 0x0000_1234_5678_9abc & ~7UL;
    private const ulong Pml4 = 0x10_0000;
    private const ulong Pdpt = 0x10_1000;
    private const ulong Pd = 0x10_2000;
    private const ulong Pt = 0x10_3000;
    private const ulong Frame = 0x20_0000;
    private const ulong Present = 1;
    private const ulong Writable = 2;
    private const ulong User = 4;
    private const ulong Large = 0x80;
    private const ulong Global = 0x100;
    private const ulong NoExecute = 1UL << 63;

    private static readonly ulong[] EntryAddresses =
    [
        Pml4 + (((Linear >> 39) & 511) * 8),
        Pdpt + (((Linear >> 30) & 511) * 8),
        Pd + (((Linear >> 21) & 511) * 8),
        Pt + (((Linear >> 12) & 511) * 8),
    ];

    [Fact]
    public void A_4_KiB_page_translates()
    {
        using TestMachine m = Map(7);
        m.Write64(Frame + (Linear & 0xfff), 0x1122_3344_5566_7788);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 8, out ulong value));
        Assert.Equal(0x1122_3344_5566_7788UL, value);
    }

    [Theory]
    [InlineData(2, 21)]
    [InlineData(1, 30)]
    public void A_large_page_translates(int level, int shift)
    {
        using TestMachine m = Map(7);
        m.Write64(EntryAddresses[level], Present | Writable | User | Large);
        ulong physical = Linear & ((1UL << shift) - 1) & 0x7f_ffff;
        m.Write64(EntryAddresses[level], Present | Writable | User | Large);
        ulong linear = (Linear & ~((1UL << shift) - 1)) | physical;
        m.Write64(physical, 77);
        Assert.True(MemoryAccess.ReadSlow(m.State, linear, 8, out ulong value));
        Assert.Equal(77UL, value);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_missing_entry_of_any_level_faults_with_P_clear(int level)
    {
        using TestMachine m = Map(7);
        m.Write64(EntryAddresses[level], 6);
        AssertReadFault(m, 0);
        AssertWriteFault(m, 2);
        AssertFetchFault(m, 0x10);
        m.EnterFlat(3, isLong: true);
        AssertReadFault(m, 4);
        AssertWriteFault(m, 6);
        AssertFetchFault(m, 0x14);
    }

    [Theory]
    [InlineData(0, 1UL << 40)]
    [InlineData(1, 1UL << 40)]
    [InlineData(2, 1UL << 51)]
    [InlineData(3, 1UL << 45)]
    [InlineData(0, Large)]
    [InlineData(1, Large | (1UL << 13))]
    [InlineData(1, Large | (1UL << 29))]
    [InlineData(2, Large | (1UL << 13))]
    [InlineData(2, Large | (1UL << 20))]
    public void A_reserved_bit_faults_with_RSVD(int level, ulong bit)
    {
        using TestMachine m = Map(7);
        ulong entry = m.Read64(EntryAddresses[level]) & ~0x1000UL;
        m.Write64(EntryAddresses[level], (bit & Large) != 0 ? 7 | bit : entry | bit);
        AssertReadFault(m, 9);
        AssertWriteFault(m, 0xb);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void XD_is_reserved_without_NXE_and_forbids_fetches_with_it(int level)
    {
        using TestMachine m = Map(7);
        m.Write64(EntryAddresses[level], m.Read64(EntryAddresses[level]) | NoExecute);
        AssertFetchFault(m, 0x11);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 8, out _));
        m.State->Efer &= ~ControlBits.EferNxe;
        m.Cpu.FlushTlb(keepGlobal: false);
        AssertReadFault(m, 9);
        AssertFetchFault(m, 9);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void User_access_needs_U_at_every_level(int level)
    {
        using TestMachine m = Map(7);
        m.Write64(EntryAddresses[level], m.Read64(EntryAddresses[level]) & ~User);
        Assert.True(MemoryAccess.WriteSlow(m.State, Linear, 8, 1));
        m.EnterFlat(3, isLong: true);
        AssertReadFault(m, 5);
        AssertWriteFault(m, 7);
        AssertFetchFault(m, 0x15);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Writing_needs_W_at_every_level_for_the_supervisor_under_WP_only(int level)
    {
        using TestMachine m = Map(7);
        m.Write64(EntryAddresses[level], m.Read64(EntryAddresses[level]) & ~Writable);
        AssertWriteFault(m, 3);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 8, out _));
        AssertWriteFault(m, 3);
        Assert.False(MemoryAccess.ReadForUpdateSlow(m.State, Linear, 8, out _));
        Assert.Equal(3u, m.State->FaultErrorCode);
        m.State->Exit = BlockExit.None;
        m.State->Cr0 &= ~ControlBits.Cr0Wp;
        m.Cpu.FlushTlb(keepGlobal: false);
        Assert.True(MemoryAccess.WriteSlow(m.State, Linear, 8, 1));
        m.EnterFlat(3, isLong: true);
        AssertWriteFault(m, 7);
    }

    [Fact]
    public void SMEP_forbids_the_supervisor_to_fetch_from_user_pages()
    {
        using TestMachine m = Map(7);
        Assert.True(m.Cpu.TranslateFetch(Linear, out ulong physical));
        Assert.Equal(Frame + (Linear & 0xfff), physical);
        Assert.True(m.Cpu.WriteCr4(m.State->Cr4 | ControlBits.Cr4Smep));
        AssertFetchFault(m, 0x11);
        m.EnterFlat(3, isLong: true);
        Assert.True(m.Cpu.TranslateFetch(Linear, out _));
    }

    [Fact]
    public void SMAP_forbids_user_pages_unless_AC_is_set_and_for_implicit_accesses_always()
    {
        using TestMachine m = Map(7);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 8, out _));
        Assert.True(m.Cpu.WriteCr4(m.State->Cr4 | ControlBits.Cr4Smap));
        AssertReadFault(m, 1);
        AssertWriteFault(m, 3);
        m.State->SystemFlags |= ControlBits.Ac;
        m.Cpu.UpdatePrivilege();
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 8, out _));
        Assert.False(MemoryAccess.ReadSystem(m.State, Linear, 8, out _));
        m.State->Exit = BlockExit.None;
        m.State->SystemFlags &= ~ControlBits.Ac;
        m.Cpu.UpdatePrivilege();
        AssertReadFault(m, 1);
    }

    [Fact]
    public void Without_SMEP_and_NXE_a_fetch_fault_reports_no_I_bit()
    {
        using TestMachine m = Map(7);
        m.State->Efer &= ~ControlBits.EferNxe;
        m.Write64(EntryAddresses[3], 0);
        AssertFetchFault(m, 0);
        m.State->Cr4 |= ControlBits.Cr4Smep;
        AssertFetchFault(m, 0x10);
    }

    [Fact]
    public void Accessed_and_dirty_bits_are_set_exactly()
    {
        using TestMachine m = Map(7);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 8, out _));
        foreach (ulong address in EntryAddresses)
        {
            Assert.Equal(0x20UL, m.Read64(address) & 0x60);
        }

        // The read's TLB entry must not let a write by without the dirty bit.
        Assert.True(MemoryAccess.WriteSlow(m.State, Linear, 8, 1));
        Assert.Equal(0x60UL, m.Read64(EntryAddresses[3]) & 0x60);
        Assert.Equal(0x20UL, m.Read64(EntryAddresses[2]) & 0x60);
    }

    [Fact]
    public void A_refused_write_leaves_the_dirty_bit_clear()
    {
        using TestMachine m = Map(5);
        AssertWriteFault(m, 3);
        Assert.Equal(0UL, m.Read64(EntryAddresses[3]) & 0x40);
    }

    [Fact]
    public void A_debug_translation_has_no_side_effects()
    {
        using TestMachine m = Map(1);
        m.EnterFlat(3, isLong: true);
        Assert.True(m.Cpu.TryTranslateDebug(Linear, out ulong physical));
        Assert.Equal(Frame + (Linear & 0xfff), physical);
        Assert.Equal(0UL, m.Read64(EntryAddresses[3]) & 0x60);
        Assert.Equal(BlockExit.None, m.State->Exit);
        Assert.False(m.Cpu.TryTranslateDebug(Linear + 0x1000, out _));
    }

    [Fact]
    public void Translations_live_until_they_are_flushed()
    {
        using TestMachine m = Map(7);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 8, out _));
        m.Write64(EntryAddresses[3], 0);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 8, out _));
        m.Cpu.FlushPage(Linear);
        AssertReadFault(m, 0);
    }

    [Fact]
    public void A_CR3_write_flushes_all_but_global_pages()
    {
        using TestMachine m = Map(7);
        Assert.True(m.Cpu.WriteCr4(m.State->Cr4 | ControlBits.Cr4Pge));
        m.Write64(EntryAddresses[3], Frame | 7 | Global);
        m.Write64(EntryAddresses[3] + 8, Frame | 7);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 8, out _));
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear + 0x1000, 8, out _));
        m.Write64(EntryAddresses[3], 0);
        m.Write64(EntryAddresses[3] + 8, 0);
        Assert.True(m.Cpu.WriteCr3(m.State->Cr3));
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 8, out _));
        Assert.False(MemoryAccess.ReadSlow(m.State, Linear + 0x1000, 8, out _));
        m.State->Exit = BlockExit.None;
        Assert.True(m.Cpu.WriteCr4(m.State->Cr4 & ~ControlBits.Cr4Pge));
        AssertReadFault(m, 0);
    }

    [Fact]
    public void More_translations_than_the_flush_list_holds_are_all_flushed()
    {
        using TestMachine m = Map(7);
        for (ulong i = 0; i < 512; i++)
        {
            m.Write64(Pt + (i * 8), Frame | 7);
        }

        ulong start = Linear & ~0x1f_ffffUL;
        for (ulong i = 0; i < 512; i++)
        {
            Assert.True(MemoryAccess.ReadSlow(m.State, start + (i << 12), 8, out _));
        }

        m.Write64(EntryAddresses[2], 0);
        Assert.True(m.Cpu.WriteCr3(m.State->Cr3));
        for (ulong i = 0; i < 512; i++)
        {
            Assert.False(MemoryAccess.ReadSlow(m.State, start + (i << 12), 8, out _));
            m.State->Exit = BlockExit.None;
        }
    }

    [Fact]
    public void INVLPG_drops_every_piece_of_a_large_page()
    {
        using TestMachine m = Map(7);
        m.Write64(EntryAddresses[2], 7 | Large);
        ulong start = Linear & ~0x1f_ffffUL;
        Assert.True(MemoryAccess.ReadSlow(m.State, start, 8, out _));
        Assert.True(MemoryAccess.ReadSlow(m.State, start + 0x5000, 8, out _));
        m.Write64(EntryAddresses[2], 0);
        m.Cpu.FlushPage(start + 0x10_0000);
        Assert.False(MemoryAccess.ReadSlow(m.State, start + 0x5000, 8, out _));
    }

    [Fact]
    public void A_fetched_page_that_is_flushed_voids_the_jump_cache()
    {
        using TestMachine m = Map(7);
        Assert.True(m.Cpu.TranslateFetch(Linear, out _));
        ulong generation = m.State->JumpCacheGeneration;
        m.Cpu.FlushPage(Linear + 0x3000);
        m.Cpu.FlushPage(Linear);
        Assert.NotEqual(generation, m.State->JumpCacheGeneration);
        m.Write64(EntryAddresses[3], 0);
        m.Cpu.FlushPage(Linear);
        AssertFetchFault(m, 0x10);
    }

    [Fact]
    public void The_generation_tells_user_fetches_from_supervisor_fetches()
    {
        using TestMachine m = Map(7);
        ulong supervisor = m.State->JumpCacheGeneration;
        m.State->Cpl = 3;
        m.Cpu.UpdateMode();
        Assert.NotEqual(supervisor, m.State->JumpCacheGeneration);
        m.State->Cpl = 0;
        m.Cpu.UpdateMode();
        Assert.Equal(supervisor, m.State->JumpCacheGeneration);
    }

    [Fact]
    public void A_straddling_write_faults_on_the_second_page_and_writes_nothing()
    {
        using TestMachine m = Map(7);
        ulong at = (Linear & ~0xfffUL) + 0xffc;
        m.Write64(Frame + 0xff8, 0);
        Assert.False(MemoryAccess.WriteSlow(m.State, at, 8, ulong.MaxValue));
        Assert.Equal(ExceptionVector.PageFault, m.State->FaultVector);
        Assert.Equal(2u, m.State->FaultErrorCode);
        Assert.Equal((Linear & ~0xfffUL) + 0x1000, m.State->FaultAddress);
        Assert.Equal(0UL, m.Read64(Frame + 0xff8));
    }

    [Fact]
    public void A_straddling_access_joins_two_frames()
    {
        using TestMachine m = Map(7);
        m.Write64(EntryAddresses[3] + 8, 0x30_0000 | 7);
        ulong at = (Linear & ~0xfffUL) + 0xffd;
        Assert.True(MemoryAccess.WriteSlow(m.State, at, 8, 0x8877_6655_4433_2211));
        Assert.Equal(0x33_2211u, m.Read32(Frame + 0xffd) & 0xff_ffff);
        Assert.Equal(0x7766_5544u, m.Read32(0x30_0000));
        Assert.True(MemoryAccess.ReadSlow(m.State, at, 8, out ulong value));
        Assert.Equal(0x8877_6655_4433_2211UL, value);
    }

    [Fact]
    public void A_non_canonical_address_is_a_general_protection_fault()
    {
        using TestMachine m = Map(7);
        Assert.False(MemoryAccess.ReadSlow(m.State, 0x0000_8000_0000_0000, 8, out _));
        Assert.Equal(ExceptionVector.GeneralProtection, m.State->FaultVector);
        Assert.Equal(0u, m.State->FaultErrorCode);
    }

    [Fact]
    public void Alignment_is_checked_at_level_3_under_AM_and_AC()
    {
        using TestMachine m = Map(7);
        m.State->Cr0 |= ControlBits.Cr0Am;
        m.State->SystemFlags |= ControlBits.Ac;
        m.EnterFlat(0, isLong: true);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear + 1, 4, out _));
        m.EnterFlat(3, isLong: true);
        Assert.False(MemoryAccess.ReadSlow(m.State, Linear + 1, 4, out _));
        Assert.Equal(ExceptionVector.AlignmentCheck, m.State->FaultVector);
        Assert.Equal(0u, m.State->FaultErrorCode);
        m.State->Exit = BlockExit.None;
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 8, out _));
        // No entry may be fast while alignment is checked.
        Assert.Equal(TlbEntry.Invalid, m.State->DataTlb[(Linear >> 12) & (TlbEntry.Count - 1)].ReadTag);
    }

    private static TestMachine Map(ulong leafFlags)
    {
        var m = new TestMachine();
        m.EnterLong();
        ulong first = m.Read64(Pml4);
        m.Write64(0x10_8000, first);
        m.Write64(EntryAddresses[0], Pdpt | 7);
        m.Write64(EntryAddresses[1], Pd | 7);
        m.Write64(EntryAddresses[2], Pt | 7);
        m.Write64(EntryAddresses[3], Frame | leafFlags);
        return m;
    }

    private static void AssertReadFault(TestMachine m, uint error)
    {
        Assert.False(MemoryAccess.ReadSlow(m.State, Linear, 8, out _));
        AssertFault(m, error);
    }

    private static void AssertWriteFault(TestMachine m, uint error)
    {
        Assert.False(MemoryAccess.WriteSlow(m.State, Linear, 8, 1));
        AssertFault(m, error);
    }

    private static void AssertFetchFault(TestMachine m, uint error)
    {
        Assert.False(m.Cpu.TranslateFetch(Linear, out _));
        AssertFault(m, error);
    }

    private static void AssertFault(TestMachine m, uint error)
    {
        Assert.Equal(BlockExit.Fault, m.State->Exit);
        Assert.Equal(ExceptionVector.PageFault, m.State->FaultVector);
        Assert.Equal(error, m.State->FaultErrorCode);
        Assert.Equal(Linear, m.State->FaultAddress);
        m.State->Exit = BlockExit.None;
    }
}
