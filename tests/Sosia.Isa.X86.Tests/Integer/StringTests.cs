using System;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Tests.Oracle;
using Xunit;

namespace Sosia.Isa.X86.Tests.Integer;

/// <summary>What the host CPU cannot be asked about string instructions: faults, interruptions, devices and 16-bit addresses.</summary>
public sealed unsafe class StringTests : IDisposable
{
    private const int Rcx = 1;
    private const int Rsi = 6;
    private const int Rdi = 7;
    private const int RamBytes = 0x20000;

    private readonly EmulatedCpu _cpu = new(0, RamBytes);

    public void Dispose() => _cpu.Dispose();

    [Fact]
    public void A_repetition_that_faults_in_the_middle_leaves_registers_that_restart_it()
    {
        _cpu.SetMode(32);
        _cpu.State->Es.Limit = 0x2fff;
        _cpu.State->Es.Attributes &= unchecked((ushort)~SegmentRegister.Granularity);
        _cpu.State->Es.UpdateFastLimits();
        Set(rcx: 0x2000, rsi: 0, rdi: 0x1ff0);
        _cpu.State->Gpr[0] = 0x1122_3344;

        Assert.Equal(BlockExit.Fault, _cpu.Run([0xf3, 0xab], 32, 0x100));

        Assert.Equal(ExceptionVector.GeneralProtection, _cpu.State->FaultVector);
        ulong done = (0x3000 - 0x1ff0) / 4;
        Assert.Equal(0x2000 - done, _cpu.State->Gpr[Rcx]);
        Assert.Equal(0x3000UL, _cpu.State->Gpr[Rdi]);
        Assert.Equal(0x44, _cpu.Ram[0x2ffc]);
        Assert.Equal(0, _cpu.Ram[0x3000]);
    }

    [Fact]
    public void A_downward_move_that_faults_leaves_the_faulting_element_undone()
    {
        _cpu.SetMode(32);
        Set(rcx: 10, rsi: 0x5000, rdi: 8);
        _cpu.Cpu.Rflags = 0x402;
        // The third element down wraps to the top of the address space, above this segment's limit.
        _cpu.State->Es.Limit = 0xffff;
        _cpu.State->Es.Attributes &= unchecked((ushort)~SegmentRegister.Granularity);
        _cpu.State->Es.UpdateFastLimits();

        Assert.Equal(BlockExit.Fault, _cpu.Run([0xf3, 0xa5], 32, 0x100));

        Assert.Equal(7UL, _cpu.State->Gpr[Rcx]);
        Assert.Equal(0xffff_fffcUL, _cpu.State->Gpr[Rdi]);
        Assert.Equal(0x5000UL - 12, _cpu.State->Gpr[Rsi]);
    }

    [Theory]
    [InlineData(new byte[] { 0xf3, 0xa4 })]
    [InlineData(new byte[] { 0xf3, 0xac })]
    public void A_long_repetition_stops_when_kicked_and_goes_on_later(byte[] code)
    {
        _cpu.SetMode(64);
        new Random(1).NextBytes(_cpu.Ram[..0x10000]);
        Set(rcx: 0x8000, rsi: 0x1003, rdi: 0x10000);
        _cpu.RetireLimit = 0;
        int interruptions = 0;
        BlockExit exit;
        while ((exit = _cpu.Run(code, 64, 0x100)) == BlockExit.BeforeInstruction)
        {
            interruptions++;
            Assert.Equal(0x8000 - (_cpu.State->Gpr[Rsi] - 0x1003), _cpu.State->Gpr[Rcx]);
        }

        Assert.Equal(BlockExit.None, exit);
        Assert.InRange(interruptions, 2, 8);
        Assert.Equal(0UL, _cpu.State->Gpr[Rcx]);
        Assert.Equal(0x9003UL, _cpu.State->Gpr[Rsi]);
        if (code[1] == 0xa4)
        {
            Assert.True(_cpu.Ram.Slice(0x1003, 0x8000).SequenceEqual(_cpu.Ram.Slice(0x10000, 0x8000)));
        }
    }

    [Fact]
    public void An_overlapping_upward_move_repeats_its_first_elements_across_pages()
    {
        _cpu.SetMode(64);
        new byte[] { 1, 2, 3, 4, 5 }.CopyTo(_cpu.Ram[0x1ff0..]);
        Set(rcx: 0x3000, rsi: 0x1ff0, rdi: 0x1ff5);

        Assert.Equal(BlockExit.None, _cpu.Run([0xf3, 0xa4], 64, 0x100));

        for (int i = 0; i < 0x3005; i++)
        {
            Assert.Equal((i % 5) + 1, _cpu.Ram[0x1ff0 + i]);
        }
    }

    [Fact]
    public void A_repetition_to_device_space_lets_events_in_between_elements()
    {
        _cpu.SetMode(64);
        Set(rcx: 3, rsi: 0, rdi: 0x100_0000);
        Assert.Equal(BlockExit.BeforeInstruction, _cpu.Run([0xf3, 0xaa], 64, 0x100));
        Assert.Equal(2UL, _cpu.State->Gpr[Rcx]);
        Assert.Equal(BlockExit.BeforeInstruction, _cpu.Run([0xf3, 0xaa], 64, 0x100));
        Assert.Equal(BlockExit.AfterInstruction, _cpu.Run([0xf3, 0xaa], 64, 0x100));
        Assert.Equal(0UL, _cpu.State->Gpr[Rcx]);
    }

    [Fact]
    public void A_single_stepped_repetition_traps_after_each_element()
    {
        _cpu.SetMode(64);
        Set(rcx: 2, rsi: 0x1000, rdi: 0x2000);
        _cpu.Cpu.Rflags = 0x102;

        Assert.Equal(BlockExit.BeforeInstruction, _cpu.Run([0xf3, 0xa4], 64, 0x100));

        Assert.Equal(1UL, _cpu.State->Gpr[Rcx]);
        Assert.NotEqual(0UL, _cpu.State->PendingDebugBits & ControlBits.Dr6Bs);
        Assert.Equal(BlockExit.None, _cpu.Run([0xf3, 0xa4], 64, 0x100));
    }

    [Fact]
    public void Sixteen_bit_indexes_wrap_within_the_segment()
    {
        _cpu.SetMode(16);
        Set(rcx: 0xaaaa_0020, rsi: 0, rdi: 0xbbbb_fff0);
        _cpu.State->Gpr[0] = 0x5a;

        Assert.Equal(BlockExit.None, _cpu.Run([0xf3, 0xaa], 16, 0x100));

        Assert.Equal(0xaaaa_0000UL, _cpu.State->Gpr[Rcx]);
        Assert.Equal(0xbbbb_0010UL, _cpu.State->Gpr[Rdi]);
        Assert.Equal(0x5a, _cpu.Ram[0xffff]);
        Assert.Equal(0x5a, _cpu.Ram[0xf]);
        Assert.Equal(0, _cpu.Ram[0x10]);
        Assert.Equal(0, _cpu.Ram[0x10000]);
    }

    [Fact]
    public void The_source_segment_can_be_overridden_and_the_destination_cannot()
    {
        _cpu.SetMode(64);
        _cpu.State->Gs.Base = 0x1000;
        _cpu.Ram[0x1010] = 0x77;
        Set(rcx: 1, rsi: 0x10, rdi: 0x20);

        Assert.Equal(BlockExit.None, _cpu.Run([0x65, 0xf3, 0xa4], 64, 0x100));

        Assert.Equal(0x77, _cpu.Ram[0x20]);
        Assert.Equal(0, _cpu.Ram[0x1020]);
    }

    private void Set(ulong rcx, ulong rsi, ulong rdi)
    {
        _cpu.State->Gpr[Rcx] = rcx;
        _cpu.State->Gpr[Rsi] = rsi;
        _cpu.State->Gpr[Rdi] = rdi;
    }
}
