using System;
using Sosia.Control;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>Programs that leave protected mode by a reset of the processor, which firmware takes back to them.</summary>
public sealed class ProcessorResetTests(ITestOutputHelper output) : IDisposable
{
    private const int DebugExitPort = 0xf4;
    private const int ProgramEnded = (0x15 << 1) | 1;

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("interpreter")]
    [InlineData("recompiler")]
    public void A_program_comes_back_from_protected_mode_by_every_reset_of_the_processor(string engine)
    {
        if (FirmwareBench.Assemble(_files, "processor-reset.S") is not { } program)
        {
            output.WriteLine("SKIPPED: as (package binutils) is not installed.");
            return;
        }

        // A second processor is put back to waiting for its start.
        using VirtualMachine vm = VirtualMachine.Create(FirmwareBench.Options(FirmwareBench.WriteDisk(_files, "disk.img", program)) with
        {
            Engine = engine,
            CpuCount = 2,
            DebugExitPort = DebugExitPort,
            NoReboot = true,
        });
        foreach (string line in (ReadOnlySpan<string>)["back 0", "back 1", "back 2", "back 3", "started again"])
        {
            vm.Console.Expect(line, FirmwareBench.Patience);
        }

        Assert.Equal(ProgramEnded, vm.Run(FirmwareBench.Patience).ExitStatus);
        Assert.Equal(0, vm.ResetCount);
    }
}
