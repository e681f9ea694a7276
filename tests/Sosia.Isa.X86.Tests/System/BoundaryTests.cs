using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Interrupts;
using Sosia.Isa.X86.Mmu;
using Xunit;

namespace Sosia.Isa.X86.Tests;

/// <summary>Instruction boundaries: interrupts, shadows, single step and breakpoints (SDM vol. 3, 6.8 and chapter 17); port permissions.</summary>
public sealed unsafe class BoundaryTests
{
    [Fact]
    public void STI_holds_interrupts_off_for_one_instruction()
    {
        using TestMachine m = Interrupted(out FakeController controller);
        m.Write(0x2_0000, 0xfb, 0x90, 0x90);
        m.Step();
        Assert.Equal(0x2_0001UL, m.State->Rip);
        Assert.Equal(0L, m.State->RetireLimit);
        Assert.Equal(BoundaryAction.RunOne, m.Step());
        Assert.Equal(0x2_0002UL, m.State->Rip);
        Assert.Equal(0, controller.Acknowledged);
        m.Cpu.ServiceEvents();
        Assert.Equal(1, controller.Acknowledged);
        Assert.Equal(0x5000UL + (16 * 0x30), m.State->Rip);
        Assert.Equal(0x2_0002u, m.Read32(0x6ff4));
    }

    [Fact]
    public void MOV_SS_holds_interrupts_off_for_one_instruction()
    {
        using TestMachine m = Interrupted(out FakeController controller);
        m.State->Gpr[0] = TestMachine.KernelData;
        m.Write(0x2_0000, 0x8e, 0xd0, 0x90);
        Assert.True(m.Execute(0x8e, 0xd0));
        m.State->SystemFlags |= ControlBits.If;
        m.Step();
        Assert.Equal(0, controller.Acknowledged);
        Assert.Equal(0x2_0003UL, m.State->Rip);
        m.Cpu.ServiceEvents();
        Assert.Equal(1, controller.Acknowledged);
    }

    [Fact]
    public void HLT_waits_for_an_interrupt_and_goes_on_behind_itself()
    {
        using TestMachine m = Interrupted(out FakeController controller);
        m.Cpu.SetSignal(CpuSignal.Interrupt, asserted: false);
        m.State->SystemFlags |= ControlBits.If;
        Assert.True(m.Execute(0xf4));
        Assert.Equal(BoundaryAction.Halted, m.Cpu.ServiceEvents());
        m.Cpu.SetSignal(CpuSignal.Interrupt, asserted: true);
        Assert.Equal(BoundaryAction.Run, m.Cpu.ServiceEvents());
        Assert.Equal(0x2_0001u, m.Read32(0x6ff4));
        Assert.Equal(0, m.State->Halted);
        Assert.Equal(1, controller.Acknowledged);
    }

    [Fact]
    public void A_request_that_went_away_wakes_nobody()
    {
        using TestMachine m = Interrupted(out FakeController controller);
        controller.Vector = -1;
        m.State->SystemFlags |= ControlBits.If;
        Assert.True(m.Execute(0xf4));
        Assert.Equal(BoundaryAction.Halted, m.Cpu.ServiceEvents());
    }

    [Fact]
    public void A_kick_is_consumed()
    {
        using TestMachine m = Plain();
        m.Cpu.Kick();
        Assert.Equal(BoundaryAction.Kicked, m.Cpu.ServiceEvents());
        Assert.Equal(BoundaryAction.Run, m.Cpu.ServiceEvents());
    }

    [Fact]
    public void An_application_processor_waits_for_its_start_up_message()
    {
        using var m = new TestMachine(index: 1);
        m.Cpu.SetSignal(CpuSignal.Init, asserted: true);
        Assert.Equal(BoundaryAction.Halted, m.Cpu.ServiceEvents());
        m.Cpu.Startup(0x9a);
        Assert.Equal(BoundaryAction.Run, m.Cpu.ServiceEvents());
        Assert.Equal(0x9a000UL, m.State->Cs.Base);
        Assert.Equal(0UL, m.State->Rip);
    }

    [Fact]
    public void TF_traps_after_every_instruction_that_began_with_it()
    {
        using TestMachine m = Plain();
        m.Write(0x2_0000, 0x9d, 0x90, 0x90);
        m.Write32(0x7000, 0x102);
        m.Step();
        // POPF set TF: the trap comes after the next instruction.
        Assert.Equal(0x2_0001UL, m.State->Rip);
        Assert.Equal(BoundaryAction.RunOne, m.Step());
        Assert.Equal(0x2_0002UL, m.State->Rip);
        m.Cpu.ServiceEvents();
        Assert.Equal(0x5010UL, m.State->Rip);
        Assert.Equal(ControlBits.Dr6Fixed | ControlBits.Dr6Bs, m.State->Dr[6]);
        Assert.Equal(0x102u, m.Read32((uint)m.State->Gpr[4] + 8));
        Assert.Equal(0UL, m.Cpu.Rflags & ControlBits.Tf);
    }

    [Fact]
    public void INT_n_under_TF_is_not_followed_by_a_trap()
    {
        using TestMachine m = Plain();
        m.State->SystemFlags |= ControlBits.Tf;
        m.Write(0x2_0000, 0xcd, 0x40);
        m.Step();
        Assert.Equal(BoundaryAction.Run, m.Cpu.ServiceEvents());
        Assert.Equal(0x5400UL, m.State->Rip);
    }

    [Fact]
    public void A_code_breakpoint_faults_before_its_instruction_until_RF_is_set()
    {
        using TestMachine m = Plain();
        m.Cpu.WriteDr(0, 0x2_0001);
        m.Cpu.WriteDr(7, 1);
        m.Write(0x2_0000, 0x90, 0x90, 0x90);
        // The handler sets RF in the image and returns.
        m.Write(0x5010, 0xcf);
        m.Step();
        Assert.Equal(0x2_0001UL, m.State->Rip);
        m.Cpu.ServiceEvents();
        Assert.Equal(0x5010UL, m.State->Rip);
        Assert.Equal(1UL, m.State->Dr[6] & 0xf);
        uint image = m.Read32((uint)m.State->Gpr[4] + 8);
        Assert.Equal(0u, image & (uint)ControlBits.Rf);
        m.Write32((uint)m.State->Gpr[4] + 8, image | (uint)ControlBits.Rf);
        m.State->Dr[6] = ControlBits.Dr6Fixed;
        Assert.True(m.Execute(0xcf));
        Assert.Equal(BoundaryAction.RunOne, m.Step());
        Assert.Equal(0x2_0002UL, m.State->Rip);
        // RF counted for that one instruction only.
        m.State->Rip = 0x2_0001;
        m.Cpu.ServiceEvents();
        Assert.Equal(0x5010UL, m.State->Rip);
    }

    [Theory]
    [InlineData(0x1, 0b01, false, true)]
    [InlineData(0x1, 0b11, true, true)]
    [InlineData(0x1, 0b11, false, true)]
    [InlineData(0x1, 0b01, true, false)]
    [InlineData(0x0, 0b11, false, false)]
    public void Data_breakpoints_trap_after_the_access(int enable, int type, bool isRead, bool hits)
    {
        using TestMachine m = Plain();
        m.Cpu.WriteDr(0, 0x4_0004);
        m.Cpu.WriteDr(7, (ulong)(enable | (type << 16) | (3 << 18)));
        m.State->Gpr[3] = 0x4_0006;
        Assert.True(isRead ? m.Execute(0x8a, 0x03) : m.Execute(0x88, 0x03));
        m.Cpu.ServiceEvents();
        Assert.Equal(hits ? 0x5010UL : 0x2_0002UL, m.State->Rip);
        Assert.Equal(hits ? 1UL : 0UL, m.State->Dr[6] & 0xf);
    }

    // Linux's mov_ss_trap showed it: the trap came inside the debug handler, on that handler's own stack, and the guest hung.
    [Theory]
    [InlineData(0xf1, 0x90, 1, false)]
    [InlineData(0x0f, 0x0b, 6, false)]
    [InlineData(0xcc, 0x90, 3, true)]
    public void A_watchpoint_that_MOV_SS_hit_is_dropped_when_INT1_or_a_fault_follows(int first, int second, int vector, bool isKept)
    {
        using TestMachine m = Plain();
        m.Cpu.WriteDr(0, 0x4_0004);
        m.Cpu.WriteDr(7, 1 | (3 << 16) | (1 << 18));
        m.Write16(0x4_0004, TestMachine.KernelData);
        m.State->Gpr[3] = 0x4_0004;
        m.Write(0x2_0000, 0x8e, 0x13, (byte)first, (byte)second);
        m.Step();
        Assert.Equal(0x2_0002UL, m.State->Rip);
        m.Step();
        Assert.Equal(0x5000UL + (16 * (uint)vector), m.State->Rip);
        m.Cpu.ServiceEvents();
        Assert.Equal(isKept ? 0x5010UL : 0x5000UL + (16 * (uint)vector), m.State->Rip);
        Assert.Equal(isKept ? 1UL : 0UL, m.State->Dr[6] & 0xf);
        Assert.Equal(0UL, m.State->PendingDebugBits);
        Assert.Equal(0, m.State->PendingEvents);
    }

    [Fact]
    public void Without_breakpoints_the_fast_path_is_back()
    {
        using TestMachine m = Plain();
        Assert.True(MemoryAccess.ReadSlow(m.State, 0x4_0000, 4, out _));
        TlbEntry* fast = m.State->DataTlb;
        m.Cpu.WriteDr(7, 1 | (3 << 16));
        Assert.True(m.State->DataTlb != fast);
        m.Cpu.WriteDr(7, 0);
        Assert.True(m.State->DataTlb == fast);
    }

    [Fact]
    public void Port_breakpoints_need_DE()
    {
        using TestMachine m = Plain();
        m.Cpu.WriteDr(1, 0x80);
        m.Cpu.WriteDr(7, 4 | (2 << 20));
        Assert.True(m.Execute(0xe6, 0x80));
        m.Cpu.ServiceEvents();
        Assert.Equal(0x2_0002UL, m.State->Rip);
        Assert.True(m.Cpu.WriteCr4(ControlBits.Cr4De));
        Assert.True(m.Execute(0xe6, 0x80));
        m.Cpu.ServiceEvents();
        Assert.Equal(0x5010UL, m.State->Rip);
        Assert.Equal(2UL, m.State->Dr[6] & 0xf);
    }

    [Fact]
    public void GD_guards_the_debug_registers()
    {
        using TestMachine m = Plain();
        m.Cpu.WriteDr(7, ControlBits.Dr7Gd);
        Assert.False(m.Execute(0x0f, 0x21, 0xc0));
        Assert.Equal(ExceptionVector.Debug, m.FaultVector);
        Assert.True(m.Cpu.DeliverFault());
        Assert.Equal(ControlBits.Dr6Fixed | ControlBits.Dr6Bd, m.State->Dr[6]);
        Assert.Equal(0UL, m.State->Dr[7] & ControlBits.Dr7Gd);
        Assert.True(m.Execute(0x0f, 0x21, 0xc0));
    }

    [Fact]
    public void DR4_is_DR6_unless_DE_is_set()
    {
        using TestMachine m = Plain();
        Assert.True(m.Execute(0x0f, 0x21, 0xe0));
        Assert.Equal(ControlBits.Dr6Fixed, m.State->Gpr[0]);
        m.State->Cr4 |= ControlBits.Cr4De;
        Assert.False(m.Execute(0x0f, 0x21, 0xe0));
        Assert.Equal(ExceptionVector.InvalidOpcode, m.FaultVector);
    }

    [Theory]
    [InlineData(0x80, 1, true)]
    [InlineData(0x81, 1, false)]
    [InlineData(0x80, 2, false)]
    [InlineData(0x83, 4, true)]
    [InlineData(0x7e, 4, false)]
    public void The_permission_map_opens_ports_to_level_3(int port, int byteCount, bool allowed)
    {
        using TestMachine m = Plain();
        m.Write16(TestMachine.Tss + 102, 0x68);
        for (uint i = 0; i < 0x2000; i += 8)
        {
            m.Write64(TestMachine.Tss + 0x68 + i, ulong.MaxValue);
        }

        m.Write(TestMachine.Tss + 0x68 + 0x10, 0b1000_0110, 0x80);
        m.Write(TestMachine.Tss + 0x68 + 0xf, 0x3f);
        m.EnterFlat(3, isLong: false);
        m.State->Gpr[2] = (ulong)port;
        Assert.Equal(allowed, byteCount == 1 ? m.Execute(0xec) : byteCount == 2 ? m.Execute(0x66, 0xed) : m.Execute(0xed));
        Assert.Equal(allowed ? -1 : ExceptionVector.GeneralProtection, m.FaultVector);
        // IOPL 3 needs no map.
        m.State->SystemFlags |= ControlBits.Iopl;
        Assert.True(m.Execute(0xec));
    }

    [Fact]
    public void A_map_beyond_the_TSS_limit_closes_all_ports()
    {
        using TestMachine m = Plain();
        m.Write16(TestMachine.Tss + 102, 0x68);
        m.State->Tr.Limit = 0x67;
        m.EnterFlat(3, isLong: false);
        Assert.False(m.Execute(0xe4, 0x80));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
    }

    [Fact]
    public void REP_INSB_reads_the_port_once_per_byte_and_not_at_all_when_memory_refuses()
    {
        using TestMachine m = Plain();
        var device = new CountingPort();
        m.Ports.Map(0x1f0, 1, device, "test");
        m.State->Gpr[1] = 3;
        m.State->Gpr[2] = 0x1f0;
        m.State->Gpr[7] = 0x4_0000;
        Assert.True(m.Execute(0xf3, 0x6c));
        Assert.Equal(3, device.Reads);
        Assert.Equal(0x030201u, m.Read32(0x4_0000) & 0xff_ffff);
        Assert.Equal(0UL, m.State->Gpr[1]);
        m.State->Gpr[1] = 1;
        m.State->Es = default;
        Assert.False(m.Execute(0xf3, 0x6c));
        Assert.Equal(3, device.Reads);
    }

    [Fact]
    public void OUT_sizes_follow_the_operand_not_the_port()
    {
        using TestMachine m = Plain();
        var device = new CountingPort();
        m.Ports.Map(0x80, 4, device, "test");
        m.State->Gpr[0] = 0x1234_5678;
        m.State->Gpr[2] = 0x80;
        Assert.True(m.Execute(0xee));
        Assert.True(m.Execute(0x66, 0xef));
        Assert.True(m.Execute(0xef));
        Assert.True(m.Execute(0xe6, 0x80));
        Assert.True(m.Execute(0xe7, 0x80));
        Assert.Equal([(1, 0x78u), (2, 0x5678u), (4, 0x1234_5678u), (1, 0x78u), (4, 0x1234_5678u)], device.Writes);
    }

    [Fact]
    public void IN_from_an_immediate_port_fills_AL_AX_or_EAX()
    {
        using TestMachine m = Plain();
        m.Ports.Map(0x80, 4, new PatternPort(), "test");
        m.State->Gpr[0] = 0x1111_1111;
        Assert.True(m.Execute(0xe4, 0x80));
        Assert.Equal(0x1111_1188UL, m.State->Gpr[0]);
        Assert.True(m.Execute(0x66, 0xe5, 0x80));
        Assert.Equal(0x1111_9988UL, m.State->Gpr[0]);
        Assert.True(m.Execute(0xe5, 0x80));
        Assert.Equal(0xbbaa_9988UL, m.State->Gpr[0]);
    }

    [Fact]
    public void INS_stores_words_and_doublewords_in_the_direction_of_DF()
    {
        using TestMachine m = Plain();
        m.Ports.Map(0x80, 4, new PatternPort(), "test");
        m.State->Gpr[2] = 0x80;
        m.State->Gpr[7] = 0x4_0000;
        Assert.True(m.Execute(0x6d));
        Assert.Equal(0x4_0004UL, m.State->Gpr[7]);
        m.State->SystemFlags |= ControlBits.Df;
        Assert.True(m.Execute(0x66, 0x6d));
        Assert.Equal(0x4_0002UL, m.State->Gpr[7]);
        Assert.Equal(0x0000_9988_bbaa_9988UL, m.Read64(0x4_0000));
    }

    [Fact]
    public void OUTS_writes_what_memory_holds()
    {
        using TestMachine m = Plain();
        var device = new CountingPort();
        m.Ports.Map(0x80, 4, device, "test");
        m.Write32(0x4_0000, 0x1234_5678);
        m.State->Gpr[2] = 0x80;
        m.State->Gpr[6] = 0x4_0000;
        Assert.True(m.Execute(0x6e));
        Assert.True(m.Execute(0x66, 0x6f));
        m.State->Gpr[6] -= 3;
        Assert.True(m.Execute(0x6f));
        Assert.Equal(0x4_0004UL, m.State->Gpr[6]);
        Assert.Equal([(1, 0x78u), (2, 0x3456u), (4, 0x1234_5678u)], device.Writes);
    }

    private static TestMachine Plain()
    {
        var m = new TestMachine();
        m.EnterProtected();
        return m;
    }

    private static TestMachine Interrupted(out FakeController controller)
    {
        TestMachine m = Plain();
        controller = new FakeController(m.Cpu);
        m.Cpu.InterruptController = controller;
        m.Cpu.SetSignal(CpuSignal.Interrupt, asserted: true);
        return m;
    }

    private sealed class CountingPort : IPortDevice
    {
        public int Reads { get; private set; }

        public List<(int ByteCount, uint Value)> Writes { get; } = [];

        public uint ReadPort(ushort offset, int byteCount) => (uint)++Reads;

        public void WritePort(ushort offset, int byteCount, uint value) => Writes.Add((byteCount, value));
    }

    private sealed class PatternPort : IPortDevice
    {
        public uint ReadPort(ushort offset, int byteCount) => (uint)(0xbbaa_9988UL & ((1UL << (8 * byteCount)) - 1));

        public void WritePort(ushort offset, int byteCount, uint value)
        {
        }
    }

    private sealed class FakeController : ILocalInterruptController
    {
        private readonly X86Cpu _cpu;

        public FakeController(X86Cpu cpu)
        {
            _cpu = cpu;
        }

        public int Vector { get; set; } = 0x30;

        public int Acknowledged { get; private set; }

        public byte TaskPriorityClass { get; set; }

        public ulong BaseRegister => 0xfee0_0900;

        public ulong TimerDeadline { get; set; }

        public int AcknowledgeInterrupt()
        {
            if (Vector >= 0)
            {
                Acknowledged++;
                _cpu.SetSignal(CpuSignal.Interrupt, asserted: false);
            }

            return Vector;
        }

        public bool TrySetBaseRegister(ulong value) => true;

        public bool TryReadRegister(uint register, out ulong value)
        {
            value = 0;
            return false;
        }

        public bool TryWriteRegister(uint register, ulong value) => false;

        public void CpuInitialized()
        {
        }
    }
}
