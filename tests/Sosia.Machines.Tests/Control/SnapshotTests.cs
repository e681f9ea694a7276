using System;
using System.IO;
using Sosia.Control;
using Sosia.Core;
using Sosia.Core.Time;
using Xunit;

namespace Sosia.Machines.Tests.Control;

public sealed class SnapshotTests : IDisposable
{
    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("pc")]
    [InlineData("microvm")]
    public void A_machine_that_was_never_run_saves_and_restores_byte_for_byte(string machine)
    {
        using VirtualMachine first = Create(machine);
        using VirtualMachine second = Create(machine);
        byte[] saved = Save(first);
        second.Restore(new MemoryStream(saved));
        Assert.Equal(saved, Save(second));
    }

    [Fact]
    public void A_restored_machine_goes_on_exactly_like_the_saved_one()
    {
        using VirtualMachine original = Create("pc");
        original.Console.Expect("ttt");
        byte[] saved = Save(original);
        using VirtualMachine restored = Create("pc");
        restored.Restore(new MemoryStream(saved));
        original.Step(700_000);
        restored.Step(700_000);
        Assert.Equal(Save(original), Save(restored));
        Assert.EndsWith(restored.Console.Transcript, original.Console.Transcript, StringComparison.Ordinal);
        Assert.NotEmpty(restored.Console.Transcript);
    }

    [Fact]
    public void Restoring_removes_what_the_machine_had_written_since()
    {
        using VirtualMachine vm = Create("pc");
        byte[] saved = Save(vm);
        vm.WritePhysical(0x30_0000, [1, 2, 3]);
        vm.Restore(new MemoryStream(saved));
        byte[] read = new byte[3];
        vm.ReadPhysical(0x30_0000, read);
        Assert.Equal(new byte[3], read);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(40)]
    [InlineData(1000)]
    [InlineData(-1)]
    public void A_truncated_snapshot_changes_nothing(int length)
    {
        using VirtualMachine vm = Create("pc");
        byte[] saved = Save(vm);
        vm.Console.Expect("tt");
        byte[] before = Save(vm);
        byte[] truncated = saved[..(length < 0 ? saved.Length - 1 : length)];
        Assert.Throws<SosiaException>(() => vm.Restore(new MemoryStream(truncated)));
        Assert.Equal(before, Save(vm));
    }

    [Fact]
    public void A_snapshot_with_any_byte_changed_is_refused_and_changes_nothing()
    {
        using VirtualMachine vm = Create("pc");
        byte[] saved = Save(vm);
        vm.Console.Expect("tt");
        byte[] before = Save(vm);
        for (int i = 0; i < saved.Length; i += 1 + (saved.Length / 50))
        {
            byte[] damaged = [.. saved];
            damaged[i] ^= 0x10;
            Assert.Throws<SosiaException>(() => vm.Restore(new MemoryStream(damaged)));
        }

        Assert.Equal(before, Save(vm));
    }

    [Fact]
    public void A_snapshot_of_another_machine_is_refused()
    {
        using VirtualMachine pc = Create("pc");
        using VirtualMachine microvm = Create("microvm");
        SosiaException error = Assert.Throws<SosiaException>(() => microvm.Restore(new MemoryStream(Save(pc))));
        Assert.Contains("another machine", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_of_an_older_format_is_refused_by_its_version_and_not_called_damaged()
    {
        using VirtualMachine vm = Create("pc");
        byte[] saved = Save(vm);
        saved[8] = 1;
        SosiaException error = Assert.Throws<SosiaException>(() => vm.Restore(new MemoryStream(saved)));
        Assert.Contains("format version 1", error.Message, StringComparison.Ordinal);
        Assert.Contains("restore it with the build that wrote it", error.Message, StringComparison.Ordinal);
    }

    private static byte[] Save(VirtualMachine vm)
    {
        using var stream = new MemoryStream();
        vm.Save(stream);
        return stream.ToArray();
    }

    private VirtualMachine Create(string machine) => VirtualMachine.Create(new MachineOptions
    {
        Machine = machine,
        MemoryByteCount = 16 << 20,
        Kernel = _files.Write("guest.bin", RunControlTests.TickingGuest().ToArray()),
        LoadAddress = 0x10_0000,
        ClockMode = ClockMode.Deterministic,
    });
}
