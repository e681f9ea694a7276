using System.Collections.Generic;
using Sosia.Isa.X86.State;
using Xunit;

namespace Sosia.Isa.X86.Tests;

/// <summary>What single system instructions do and which privilege they need: SDM vol. 2, each under its mnemonic.</summary>
public sealed unsafe class SystemInstructionTests
{
    private const ulong ZeroFlag = 1 << 6;
    private const int Rax = 0;
    private const int Rcx = 1;
    private const int Rdx = 2;
    private const int Rbx = 3;

    [Theory]
    [InlineData(new byte[] { 0x0f, 0x06 }, ExceptionVector.GeneralProtection)] // CLTS
    [InlineData(new byte[] { 0x0f, 0x08 }, ExceptionVector.GeneralProtection)] // INVD
    [InlineData(new byte[] { 0x0f, 0x09 }, ExceptionVector.GeneralProtection)] // WBINVD
    [InlineData(new byte[] { 0x0f, 0x01, 0x38 }, ExceptionVector.GeneralProtection)] // INVLPG [RAX]
    [InlineData(new byte[] { 0x0f, 0x01, 0xf0 }, ExceptionVector.GeneralProtection)] // LMSW AX
    [InlineData(new byte[] { 0x0f, 0x01, 0x18 }, ExceptionVector.GeneralProtection)] // LIDT [RAX]
    [InlineData(new byte[] { 0x0f, 0x00, 0xd0 }, ExceptionVector.GeneralProtection)] // LLDT AX
    [InlineData(new byte[] { 0x0f, 0x23, 0xc0 }, ExceptionVector.GeneralProtection)] // MOV DR0, RAX
    [InlineData(new byte[] { 0x0f, 0x01, 0xf8 }, ExceptionVector.GeneralProtection)] // SWAPGS
    [InlineData(new byte[] { 0x0f, 0x01, 0xca }, ExceptionVector.InvalidOpcode)] // CLAC
    [InlineData(new byte[] { 0x0f, 0x01, 0xcb }, ExceptionVector.InvalidOpcode)] // STAC
    public void Level_3_may_not(byte[] code, int vector)
    {
        using TestMachine m = Long();
        m.EnterFlat(3, isLong: true);
        m.State->Gpr[Rax] = 0x5000;
        Assert.False(m.Execute(code));
        Assert.Equal(vector, m.FaultVector);
        Assert.Equal(0u, m.FaultErrorCode);
    }

    [Theory]
    [InlineData(new byte[] { 0x0f, 0x0b }, ExceptionVector.InvalidOpcode)]
    [InlineData(new byte[] { 0x0f, 0xb9, 0xc8 }, ExceptionVector.InvalidOpcode)]
    [InlineData(new byte[] { 0x0f, 0xff, 0xc8 }, ExceptionVector.InvalidOpcode)]
    [InlineData(new byte[] { 0x0f, 0x33 }, ExceptionVector.GeneralProtection)]
    public void UD_raises_its_exception_and_RDPMC_has_no_counter(byte[] code, int vector)
    {
        using TestMachine m = Long();
        Assert.False(m.Execute(code));
        Assert.Equal(vector, m.FaultVector);
        Assert.Equal(0x2_0000UL, m.State->Rip);
    }

    [Fact]
    public void INT1_is_a_trap_that_ignores_the_gates_level()
    {
        using TestMachine m = Protected();
        m.EnterFlat(3, isLong: false);
        Assert.True(m.Execute(0xf1));
        Assert.Equal(0x5010UL, m.State->Rip);
        Assert.Equal(0, m.State->Cpl);
        Assert.Equal(0x2_0001u, m.Read32((uint)m.State->Gpr[4]));
        Assert.Equal((uint)TestMachine.UserCode, m.Read32((uint)m.State->Gpr[4] + 4));
    }

    [Fact]
    public void CLTS_clears_TS_only()
    {
        using TestMachine m = Long();
        ulong before = m.State->Cr0;
        m.State->Cr0 |= ControlBits.Cr0Ts;
        Assert.True(m.Execute(0x0f, 0x06));
        Assert.Equal(before, m.State->Cr0);
    }

    [Theory]
    [InlineData((byte)0x08)]
    [InlineData((byte)0x09)]
    public void INVD_and_WBINVD_lose_no_memory(byte opcode)
    {
        using TestMachine m = Long();
        m.State->Gpr[Rax] = 0x1122_3344_5566_7788;
        Assert.True(m.Execute(0x48, 0x89, 0x04, 0x25, 0, 0x50, 0, 0));
        ulong rip = m.State->Rip;
        Assert.True(m.Execute(0x0f, opcode));
        Assert.Equal(0x1122_3344_5566_7788UL, m.Read64(0x5000));
        Assert.Equal(rip + 2, m.State->Rip);
    }

    [Fact]
    public void INVLPG_makes_a_changed_page_table_entry_seen()
    {
        using TestMachine m = Long();
        const uint Directory = TestMachine.PageTables + 0x2000;
        m.Write64(TestMachine.PageTables + 0x1000, Directory | 7);
        m.Write64(Directory, 0x87);
        m.Write64(Directory + 8, 0x40_0087);
        m.Write32(0x40_0000, 0x1111);
        m.Write32(0x60_0000, 0x2222);
        m.Cpu.FlushTlb(keepGlobal: false);
        byte[] load = [0x8b, 0x04, 0x25, 0, 0, 0x20, 0];
        Assert.True(m.Execute(load));
        Assert.Equal(0x1111UL, m.State->Gpr[Rax]);
        m.Write64(Directory + 8, 0x60_0087);
        Assert.True(m.Execute(load));
        Assert.Equal(0x1111UL, m.State->Gpr[Rax]);
        Assert.True(m.Execute(0x0f, 0x01, 0x3c, 0x25, 0, 0, 0x20, 0));
        Assert.True(m.Execute(load));
        Assert.Equal(0x2222UL, m.State->Gpr[Rax]);
    }

    [Fact]
    public void STAC_and_CLAC_change_AC_only()
    {
        using TestMachine m = Long();
        ulong before = m.Cpu.Rflags;
        Assert.True(m.Execute(0x0f, 0x01, 0xcb));
        Assert.Equal(before | ControlBits.Ac, m.Cpu.Rflags);
        Assert.True(m.Execute(0x0f, 0x01, 0xca));
        Assert.Equal(before & ~ControlBits.Ac, m.Cpu.Rflags);
    }

    [Fact]
    public void CPUID_answers_in_zero_extended_registers()
    {
        using TestMachine m = Long();
        foreach (int register in (int[])[Rax, Rcx, Rdx, Rbx])
        {
            m.State->Gpr[register] = 0xffff_ffff_0000_0000;
        }

        m.State->Gpr[Rax] |= 0x8000_0001;
        Assert.True(m.Execute(0x0f, 0xa2));
        // Long mode and NX.
        Assert.Equal((1UL << 29) | (1 << 20), m.State->Gpr[Rdx] & ((1UL << 29) | (1 << 20)));
        foreach (int register in (int[])[Rax, Rcx, Rdx, Rbx])
        {
            Assert.Equal(0UL, m.State->Gpr[register] >> 32);
        }
    }

    [Fact]
    public void RDTSCP_reads_the_counter_and_TSC_AUX()
    {
        using TestMachine m = Long();
        m.State->Gpr[Rcx] = Msr.TscAux;
        m.State->Gpr[Rax] = 0x1234_5678;
        m.State->Gpr[Rdx] = 0;
        Assert.True(m.Execute(0x0f, 0x30));
        Assert.True(m.Execute(0x0f, 0x31));
        ulong earlier = (m.State->Gpr[Rdx] << 32) | m.State->Gpr[Rax];
        m.State->Gpr[Rcx] = ulong.MaxValue;
        Assert.True(m.Execute(0x0f, 0x01, 0xf9));
        Assert.Equal(0x1234_5678UL, m.State->Gpr[Rcx]);
        Assert.InRange((m.State->Gpr[Rdx] << 32) | m.State->Gpr[Rax], earlier, earlier + (1UL << 32));
        m.State->Cr4 |= ControlBits.Cr4Tsd;
        m.EnterFlat(3, isLong: true);
        Assert.False(m.Execute(0x0f, 0x01, 0xf9));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
    }

    [Fact]
    public void RDRAND_of_16_bits_keeps_the_rest_of_its_register()
    {
        using TestMachine m = Long();
        var values = new HashSet<ulong>();
        for (int i = 0; i < 16; i++)
        {
            m.State->Gpr[Rax] = 0x1122_3344_5566_7788;
            m.Cpu.Rflags |= 0x8d4;
            Assert.True(m.Execute(0x66, 0x0f, 0xc7, 0xf0));
            Assert.Equal(0x1122_3344_5566UL, m.State->Gpr[Rax] >> 16);
            // CF says that the value is good; the other arithmetic flags are clear.
            Assert.Equal(1UL, m.Cpu.Rflags & 0x8d5);
            values.Add(m.State->Gpr[Rax]);
        }

        Assert.True(values.Count > 4);
    }

    [Fact]
    public void MOV_to_debug_registers_is_read_back()
    {
        using TestMachine m = Long();
        m.State->Gpr[Rax] = 0x0000_7fff_1234_5678;
        Assert.True(m.Execute(0x0f, 0x23, 0xc8));
        Assert.True(m.Execute(0x0f, 0x21, 0xcb));
        Assert.Equal(0x0000_7fff_1234_5678UL, m.State->Gpr[Rbx]);
        // The upper half of DR7 is reserved; bit 10 is always one.
        Assert.False(m.Execute(0x0f, 0x23, 0xf8));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        m.State->Gpr[Rax] = 0;
        Assert.True(m.Execute(0x0f, 0x23, 0xf8));
        Assert.True(m.Execute(0x0f, 0x21, 0xfb));
        Assert.Equal(0x400UL, m.State->Gpr[Rbx]);
        // DR5 is another name of DR7 unless CR4.DE says that there is none.
        Assert.True(m.Execute(0x0f, 0x23, 0xe8));
        m.State->Cr4 |= ControlBits.Cr4De;
        Assert.False(m.Execute(0x0f, 0x23, 0xe8));
        Assert.Equal(ExceptionVector.InvalidOpcode, m.FaultVector);
    }

    [Fact]
    public void SWAPGS_exchanges_the_bases()
    {
        using TestMachine m = Long();
        m.State->Gs.Base = 0x1111;
        m.State->KernelGsBase = 0xffff_8000_0000_2222;
        Assert.True(m.Execute(0x0f, 0x01, 0xf8));
        Assert.Equal(0xffff_8000_0000_2222, m.State->Gs.Base);
        Assert.Equal(0x1111UL, m.State->KernelGsBase);
    }

    [Theory]
    [InlineData((byte)0xd0, (byte)0xc1)]
    [InlineData((byte)0xd8, (byte)0xc9)]
    public void Base_instructions_write_and_read_FS_and_GS(byte write, byte read)
    {
        using TestMachine m = Long();
        m.State->Gpr[Rax] = 0xffff_8000_1234_5678;
        Assert.False(m.Execute(0xf3, 0x48, 0x0f, 0xae, write));
        Assert.Equal(ExceptionVector.InvalidOpcode, m.FaultVector);
        m.State->Cr4 |= ControlBits.Cr4Fsgsbase;
        m.EnterFlat(3, isLong: true);
        Assert.True(m.Execute(0xf3, 0x48, 0x0f, 0xae, write));
        Assert.Equal(0xffff_8000_1234_5678, write == 0xd0 ? m.State->Fs.Base : m.State->Gs.Base);
        Assert.True(m.Execute(0xf3, 0x48, 0x0f, 0xae, read));
        Assert.Equal(0xffff_8000_1234_5678, m.State->Gpr[Rcx]);
        Assert.True(m.Execute(0xf3, 0x0f, 0xae, read));
        Assert.Equal(0x1234_5678UL, m.State->Gpr[Rcx]);
        m.State->Gpr[Rax] = 0x8000_0000_0000_0000;
        Assert.False(m.Execute(0xf3, 0x48, 0x0f, 0xae, write));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        Assert.True(m.Execute(0xf3, 0x0f, 0xae, write));
        Assert.Equal(0UL, write == 0xd0 ? m.State->Fs.Base : m.State->Gs.Base);
    }

    [Theory]
    [InlineData((byte)0xa0, (byte)0xa1, 4)]
    [InlineData((byte)0xa8, (byte)0xa9, 5)]
    public void PUSH_and_POP_of_FS_and_GS(byte push, byte pop, int number)
    {
        using TestMachine m = Protected();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0x12_3450, 0xff, 0x92));
        m.Write32(0x7000, TestMachine.FreeSlot);
        Assert.True(m.Execute(0x0f, pop));
        Assert.Equal(0x7004UL, m.State->Gpr[4]);
        SegmentRegister segment = number == 4 ? m.State->Fs : m.State->Gs;
        Assert.Equal((TestMachine.FreeSlot, 0x12_3450UL, 0xffu), (segment.Selector, segment.Base, segment.Limit));
        m.Write32(0x7000, 0xffff_ffff);
        Assert.True(m.Execute(0x0f, push));
        Assert.Equal(0x7000UL, m.State->Gpr[4]);
        Assert.Equal(TestMachine.FreeSlot, m.Read16(0x7000));
        m.Write32(0x7000, TestMachine.TaskState);
        Assert.False(m.Execute(0x0f, pop));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        Assert.Equal((uint)TestMachine.TaskState, m.FaultErrorCode);
        Assert.Equal(0x7000UL, m.State->Gpr[4]);
    }

    [Theory]
    [InlineData((byte)0xb2)]
    [InlineData((byte)0xb4)]
    [InlineData((byte)0xb5)]
    public void LSS_LFS_and_LGS_load_a_far_pointer_or_nothing(byte opcode)
    {
        using TestMachine m = Protected();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0x12_3450, 0xff, 0x93));
        m.Write32(0x5000, 0x89ab_cdef);
        m.Write16(0x5004, TestMachine.FreeSlot);
        byte[] load = [0x0f, opcode, 0x1d, 0, 0x50, 0, 0];
        Assert.True(m.Execute(load));
        Assert.Equal(0x89ab_cdefUL, m.State->Gpr[Rbx]);
        SegmentRegister segment = opcode == 0xb2 ? m.State->Ss : opcode == 0xb4 ? m.State->Fs : m.State->Gs;
        Assert.Equal((TestMachine.FreeSlot, 0x12_3450UL), (segment.Selector, segment.Base));
        m.Write32(0x5000, 0);
        m.Write16(0x5004, TestMachine.TaskState);
        Assert.False(m.Execute(load));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        Assert.Equal(0x89ab_cdefUL, m.State->Gpr[Rbx]);
    }

    [Theory]
    [InlineData((byte)0x06, (byte)0x07, 0)]
    [InlineData((byte)0x16, (byte)0x17, 2)]
    [InlineData((byte)0x1e, (byte)0x1f, 3)]
    public void PUSH_and_POP_of_ES_SS_and_DS(byte push, byte pop, int number)
    {
        using TestMachine m = Protected();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0, 0xfffff, 0x92, 0xc));
        m.Write32(0x7000, TestMachine.FreeSlot);
        Assert.True(m.Execute(pop));
        Assert.Equal(0x7004UL, m.State->Gpr[4]);
        Assert.True(m.Execute(push));
        Assert.Equal(0x7000UL, m.State->Gpr[4]);
        Assert.Equal(TestMachine.FreeSlot, m.Read16(0x7000));
        // MOV EAX, Sreg is zero-extended.
        m.State->Gpr[Rax] = uint.MaxValue;
        Assert.True(m.Execute(0x8c, (byte)(0xc0 | (number << 3))));
        Assert.Equal((ulong)TestMachine.FreeSlot, m.State->Gpr[Rax]);
    }

    [Fact]
    public void PUSH_CS_stores_its_selector()
    {
        using TestMachine m = Protected();
        Assert.True(m.Execute(0x0e));
        Assert.Equal(0x6ffcUL, m.State->Gpr[4]);
        Assert.Equal(TestMachine.KernelCode, m.Read16(0x6ffc));
    }

    [Theory]
    [InlineData((byte)0xc4)]
    [InlineData((byte)0xc5)]
    public void LES_and_LDS_load_a_far_pointer(byte opcode)
    {
        using TestMachine m = Protected();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0x12_3450, 0xff, 0x93));
        m.Write32(0x5000, 0x89ab_cdef);
        m.Write16(0x5004, TestMachine.FreeSlot);
        Assert.True(m.Execute(opcode, 0x1d, 0, 0x50, 0, 0));
        Assert.Equal(0x89ab_cdefUL, m.State->Gpr[Rbx]);
        SegmentRegister segment = opcode == 0xc4 ? m.State->Es : m.State->Ds;
        Assert.Equal((TestMachine.FreeSlot, 0x12_3450UL), (segment.Selector, segment.Base));
    }

    [Fact]
    public void INT3_and_INTO_go_through_their_gates()
    {
        using TestMachine m = Protected();
        Assert.True(m.Execute(0xcc));
        Assert.Equal(0x5030UL, m.State->Rip);
        Assert.Equal(0x2_0001u, m.Read32((uint)m.State->Gpr[4]));
        m.Cpu.Rflags &= ~0x800UL;
        Assert.True(m.Execute(0xce));
        Assert.Equal(0x5031UL, m.State->Rip);
        m.Cpu.Rflags |= 0x800;
        Assert.True(m.Execute(0xce));
        Assert.Equal(0x5040UL, m.State->Rip);
        Assert.Equal(0x5032u, m.Read32((uint)m.State->Gpr[4]));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(3, false)]
    public void CLI_needs_the_level_of_IOPL(int level, bool allowed)
    {
        using TestMachine m = Protected();
        m.EnterFlat(level, isLong: false);
        m.Cpu.Rflags |= ControlBits.If;
        Assert.Equal(allowed, m.Execute(0xfa));
        Assert.Equal(!allowed, (m.Cpu.Rflags & ControlBits.If) != 0);
        Assert.Equal(allowed ? -1 : ExceptionVector.GeneralProtection, m.FaultVector);
    }

    [Fact]
    public void LLDT_loads_an_LDT_descriptor_and_nothing_else()
    {
        using TestMachine m = Protected();
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0x4000, 0x1f, 0x82));
        m.State->Gpr[Rax] = TestMachine.FreeSlot;
        Assert.True(m.Execute(0x0f, 0x00, 0xd0));
        Assert.Equal((TestMachine.FreeSlot, 0x4000UL, 0x1fu), (m.State->Ldtr.Selector, m.State->Ldtr.Base, m.State->Ldtr.Limit));
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0x4000, 0x1f, 0x02));
        Assert.False(m.Execute(0x0f, 0x00, 0xd0));
        Assert.Equal(ExceptionVector.SegmentNotPresent, m.FaultVector);
        Assert.Equal((uint)TestMachine.FreeSlot, m.FaultErrorCode);
        m.State->Gpr[Rax] = TestMachine.KernelData;
        Assert.False(m.Execute(0x0f, 0x00, 0xd0));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        Assert.Equal((uint)TestMachine.KernelData, m.FaultErrorCode);
        m.State->Gpr[Rax] = 0;
        Assert.True(m.Execute(0x0f, 0x00, 0xd0));
        Assert.False(m.State->Ldtr.IsPresent);
    }

    [Theory]
    [InlineData(TestMachine.KernelData, 0, true)]
    [InlineData(TestMachine.KernelCode, 0, true)]
    [InlineData(TestMachine.FreeSlot, 0, false)]
    [InlineData(TestMachine.TaskState, 0, false)]
    [InlineData(0, 0, false)]
    [InlineData(0x400, 0, false)]
    [InlineData(TestMachine.KernelData, 3, false)]
    [InlineData(TestMachine.UserData, 3, true)]
    public void VERR_says_whether_a_segment_can_be_read(int selector, int level, bool readable)
    {
        using TestMachine m = Protected();
        // Code that can be executed only.
        m.Write64(TestMachine.Gdt + TestMachine.FreeSlot, TestMachine.Segment(0, 0xfffff, 0x99, 0xc));
        m.EnterFlat(level, isLong: false);
        m.State->Gpr[Rax] = (ulong)selector;
        m.Cpu.Rflags = readable ? m.Cpu.Rflags & ~ZeroFlag : m.Cpu.Rflags | ZeroFlag;
        Assert.True(m.Execute(0x0f, 0x00, 0xe0));
        Assert.Equal(readable, (m.Cpu.Rflags & ZeroFlag) != 0);
    }

    [Fact]
    public void LIDT_takes_24_32_or_64_bits_of_base()
    {
        using TestMachine m = Protected();
        m.Write16(0x5000, 0x7ff);
        m.Write64(0x5002, 0x1122_3344_5566_7788);
        Assert.True(m.Execute(0x0f, 0x01, 0x1d, 0, 0x50, 0, 0));
        Assert.Equal((0x5566_7788UL, 0x7ffu), (m.State->IdtrBase, m.State->IdtrLimit));
        Assert.True(m.Execute(0x66, 0x0f, 0x01, 0x1d, 0, 0x50, 0, 0));
        Assert.Equal((0x66_7788UL, 0x7ffu), (m.State->IdtrBase, m.State->IdtrLimit));
        m.EnterLong();
        m.Write64(0x5002, 0xffff_8000_1234_5678);
        Assert.True(m.Execute(0x0f, 0x01, 0x1c, 0x25, 0, 0x50, 0, 0));
        Assert.Equal((0xffff_8000_1234_5678UL, 0x7ffu), (m.State->IdtrBase, m.State->IdtrLimit));
    }

    [Fact]
    public void LMSW_sets_four_bits_and_does_not_clear_PE()
    {
        using var m = new TestMachine();
        ulong others = m.State->Cr0 & ~0xfUL;
        m.State->Gpr[Rax] = 0xffff;
        Assert.True(m.Execute(0x0f, 0x01, 0xf0));
        Assert.Equal(others | 0xf, m.State->Cr0);
        m.State->Gpr[Rax] = 0;
        Assert.True(m.Execute(0x0f, 0x01, 0xf0));
        Assert.Equal(others | 1, m.State->Cr0);
    }

    [Theory]
    [InlineData(0x10UL, 3UL, 0x13UL, true)]
    [InlineData(0x11UL, 2UL, 0x12UL, true)]
    [InlineData(0x13UL, 1UL, 0x13UL, false)]
    [InlineData(0x12UL, 2UL, 0x12UL, false)]
    public void ARPL_raises_the_requested_level(ulong selector, ulong caller, ulong result, bool raised)
    {
        using TestMachine m = Protected();
        m.State->Gpr[Rax] = selector;
        m.State->Gpr[Rbx] = caller;
        Assert.True(m.Execute(0x63, 0xd8));
        Assert.Equal(result, m.State->Gpr[Rax]);
        Assert.Equal(raised, (m.Cpu.Rflags & ZeroFlag) != 0);
    }

    [Fact]
    public void ARPL_is_undefined_in_real_mode()
    {
        using var m = new TestMachine();
        Assert.False(m.Execute(0x63, 0xd8));
        Assert.Equal(ExceptionVector.InvalidOpcode, m.FaultVector);
    }

    [Fact]
    public void STMXCSR_stores_the_register()
    {
        using TestMachine m = Long();
        m.State->Cr4 |= ControlBits.Cr4Osfxsr;
        m.State->Mxcsr = 0x5fa1;
        m.Write64(0x5000, ulong.MaxValue);
        Assert.True(m.Execute(0x0f, 0xae, 0x1c, 0x25, 0, 0x50, 0, 0));
        Assert.Equal(0xffff_ffff_0000_5fa1UL, m.Read64(0x5000));
    }

    [Fact]
    public void XGETBV_reads_XCR0_once_the_system_allows_it()
    {
        using TestMachine m = Long();
        m.State->Xcr0 = 7;
        m.State->Gpr[Rcx] = 0;
        m.State->Gpr[Rax] = ulong.MaxValue;
        m.State->Gpr[Rdx] = ulong.MaxValue;
        Assert.False(m.Execute(0x0f, 0x01, 0xd0));
        Assert.Equal(ExceptionVector.InvalidOpcode, m.FaultVector);
        m.State->Cr4 |= ControlBits.Cr4Osxsave;
        Assert.True(m.Execute(0x0f, 0x01, 0xd0));
        Assert.Equal((7UL, 0UL), (m.State->Gpr[Rax], m.State->Gpr[Rdx]));
        m.State->Gpr[Rcx] = 5;
        Assert.False(m.Execute(0x0f, 0x01, 0xd0));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
    }

    private static TestMachine Protected()
    {
        var m = new TestMachine();
        m.EnterProtected();
        return m;
    }

    private static TestMachine Long()
    {
        var m = new TestMachine();
        m.EnterLong();
        return m;
    }
}
