using System;
using Sosia.Core.Interrupts;
using Sosia.Core.Time;
using Xunit;

namespace Sosia.Machines.Tests;

/// <summary>The interval timer's way to the host's hypervisor and back.</summary>
public sealed class IntervalTimerTransferTests : IDisposable
{
    private const ushort Control = 0x43;

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_counter_that_nobody_programmed_does_not_begin_to_count_when_an_engine_takes_it_or_gives_it_back()
    {
        using MicrovmMachine machine = Create();
        machine.PowerOn();
        for (int channel = 0; channel < 3; channel++)
        {
            PitChannelRegisters registers = machine.Interrupts!.ExportPit(channel);
            Assert.Equal(0, registers.Count);
            machine.Interrupts.ImportPit(channel, registers);
            Assert.Equal(0, machine.Interrupts.ExportPit(channel).Count);
        }

        Assert.Equal(MachineClock.Never, machine.Clock.NextDeadlineNanoseconds);
    }

    [Theory]
    [InlineData(0x34)]
    [InlineData(0x38)]
    public void A_counter_that_waits_for_its_count_is_a_programmed_one(int control)
    {
        using MicrovmMachine machine = Create();
        machine.PowerOn();
        machine.Ports.Write(Control, 1, (uint)control);
        PitChannelRegisters registers = machine.Interrupts!.ExportPit(0);
        Assert.Equal((control >> 1) & 7, registers.Mode);
        Assert.NotEqual(0, registers.Count);
    }

    private MicrovmMachine Create() => new(new MachineOptions
    {
        Machine = "microvm",
        MemoryByteCount = 4 << 20,
        Kernel = _files.Write("guest.bin", [0xf4]),
        LoadAddress = 0x10_0000,
        ClockMode = ClockMode.Deterministic,
    });
}
