using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Xunit;

namespace Sosia.Isa.X86.Tests.Mmu;

/// <summary>32-bit and PAE paging: SDM vol. 3, 4.3 and 4.4.</summary>
public sealed unsafe class LegacyPagingTests
{
    private const uint Directory = 0x10_0000;
    private const uint Table = 0x10_1000;
    private const uint Linear = 0xc012_3450;

    [Fact]
    public void Two_levels_translate_and_set_accessed_and_dirty()
    {
        using TestMachine m = Narrow();
        m.Write32(0x20_0450, 0x1234_5678);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 4, out ulong value));
        Assert.Equal(0x1234_5678UL, value);
        Assert.Equal(0x20u, m.Read32(TableEntry) & 0x60);
        Assert.True(MemoryAccess.WriteSlow(m.State, Linear, 4, 1));
        Assert.Equal(0x60u, m.Read32(TableEntry) & 0x60);
        Assert.Equal(0x20u, m.Read32(DirectoryEntry) & 0x60);
    }

    [Theory]
    [InlineData(false, 6u, 0u)]
    [InlineData(true, 6u, 0u)]
    [InlineData(false, 3u, 5u)]
    [InlineData(true, 3u, 5u)]
    public void User_reads_fault_as_the_entries_say(bool atDirectory, uint flags, uint error)
    {
        using TestMachine m = Narrow();
        m.EnterFlat(3, isLong: false);
        if (atDirectory)
        {
            m.Write32(DirectoryEntry, Table | flags);
        }
        else
        {
            m.Write32(TableEntry, 0x20_0000 | flags);
        }

        Assert.False(MemoryAccess.ReadSlow(m.State, Linear, 4, out _));
        Assert.Equal(error | 4, m.State->FaultErrorCode);
        Assert.Equal(Linear, m.State->FaultAddress);
    }

    [Fact]
    public void A_4_MiB_page_reaches_40_bits_and_keeps_bit_21_reserved()
    {
        using TestMachine m = Narrow();
        m.State->Cr4 |= ControlBits.Cr4Pse;
        m.Write32(DirectoryEntry, 0x0040_0087);
        m.Write32(0x52_3450, 99);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 4, out ulong value));
        Assert.Equal(99UL, value);
        m.Write32(DirectoryEntry, 0x0040_0087 | (0xabu << 13));
        m.Cpu.FlushTlb(keepGlobal: false);
        Assert.True(m.Cpu.TryTranslateDebug(Linear, out ulong physical));
        Assert.Equal(0xab_0052_3450UL, physical);
        m.Write32(DirectoryEntry, 0x0060_0087);
        Assert.False(MemoryAccess.ReadSlow(m.State, Linear, 4, out _));
        Assert.Equal(9u, m.State->FaultErrorCode);
    }

    [Fact]
    public void Without_PSE_the_size_bit_is_ignored()
    {
        using TestMachine m = Narrow();
        m.Write32(DirectoryEntry, Table | 0x87);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 4, out _));
    }

    [Fact]
    public void PAE_translates_through_the_loaded_PDPTEs_only()
    {
        using TestMachine m = Wide();
        m.Write32(0x20_0450, 5);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 4, out ulong value));
        Assert.Equal(5UL, value);
        // The PDPTE in memory goes away; the register stays until CR3 is written.
        m.Write64(Directory + 24, 0);
        m.Cpu.FlushTlb(keepGlobal: false);
        Assert.True(MemoryAccess.ReadSlow(m.State, Linear, 4, out _));
        Assert.True(m.Cpu.WriteCr3(Directory));
        Assert.False(MemoryAccess.ReadSlow(m.State, Linear, 4, out _));
        Assert.Equal(0u, m.State->FaultErrorCode);
    }

    [Theory]
    [InlineData(2UL)]
    [InlineData(4UL)]
    [InlineData(0x20UL)]
    [InlineData(1UL << 40)]
    [InlineData(1UL << 63)]
    public void A_PDPTE_with_reserved_bits_makes_the_CR3_load_fault(ulong bit)
    {
        using TestMachine m = Wide();
        m.Write64(Directory + 8, 0x10_3001 | bit);
        Assert.False(m.Cpu.WriteCr3(Directory));
        Assert.Equal(ExceptionVector.GeneralProtection, m.State->FaultVector);
        m.State->Exit = BlockExit.None;
        // Not present: nothing is checked.
        m.Write64(Directory + 8, 0x10_3000 | bit);
        Assert.True(m.Cpu.WriteCr3(Directory));
    }

    [Theory]
    [InlineData(1UL << 62)]
    [InlineData(1UL << 40)]
    [InlineData(1UL << 63)]
    public void PAE_entries_have_reserved_bits_up_to_62_and_XD_without_NXE(ulong bit)
    {
        using TestMachine m = Wide();
        m.Write64(0x10_3000 + (((Linear >> 12) & 511) * 8), 0x20_0007 | bit);
        Assert.False(MemoryAccess.ReadSlow(m.State, Linear, 4, out _));
        Assert.Equal(9u, m.State->FaultErrorCode);
    }

    private const uint DirectoryEntry = Directory + ((Linear >> 22) * 4);
    private const uint TableEntry = Table + (((Linear >> 12) & 1023) * 4);

    private static TestMachine Narrow()
    {
        var m = new TestMachine();
        m.EnterProtected();
        m.Write32(DirectoryEntry, Table | 7);
        m.Write32(TableEntry, 0x20_0000 | 7);
        m.State->Cr3 = Directory;
        Assert.True(m.Cpu.WriteCr0(m.State->Cr0 | ControlBits.Cr0Pg | ControlBits.Cr0Wp));
        return m;
    }

    private static TestMachine Wide()
    {
        var m = new TestMachine();
        m.EnterProtected();
        m.Write64(Directory + 24, 0x10_2000 | 1);
        m.Write64(0x10_2000 + (((Linear >> 21) & 511) * 8), 0x10_3000 | 7);
        m.Write64(0x10_3000 + (((Linear >> 12) & 511) * 8), 0x20_0000 | 7);
        m.State->Cr3 = Directory;
        Assert.True(m.Cpu.WriteCr4(ControlBits.Cr4Pae));
        Assert.True(m.Cpu.WriteCr0(m.State->Cr0 | ControlBits.Cr0Pg | ControlBits.Cr0Wp));
        return m;
    }
}
