using System;
using System.IO;
using System.Text.Json;
using Sosia.Guests.Tests.Nesting;
using Xunit;

namespace Sosia.Guests.Tests.KvmBed;

/// <summary>The engine "kvm" in the bed: the published program runs the embedded guest there, by the bed's KVM.</summary>
/// <remarks>The processor model is x86-64-v3: with XSAVEOPT and without AVX the bed's emulation of SVM fails under QEMU's own KVM engine too.</remarks>
[Collection(KvmBedCollection.Name)]
[Trait("Category", "Boot")]
public sealed class KvmEngineTests
{
    /// <summary>Where the program is in the bed.</summary>
    internal const string Folder = "/opt/sosia";

    // Types when the guest has printed its prompt, however long that takes, and shows what it wrote; then the figures.
    private const string Harness = """
        cd /tmp
        mkfifo in
        run() {
            : > out
            tail -f /dev/null > in &
            holder=$!
            /opt/sosia/sosia run --cpu x86-64-v3 --timeout 250s --stats stats.json "$@" < in > out 2> err &
            guest=$!
            exec 9> in
            while kill -0 $guest 2> /dev/null && ! grep -q 'sosia:~#' out; do usleep 100000; done
            echo "$command; echo fin\ished" >&9
            while kill -0 $guest 2> /dev/null && ! grep -q finished out; do usleep 100000; done
            kill -TERM $guest
            wait $guest
            echo "status $?"
            exec 9>&-
            kill $holder
            tr -d '\r' < out | sed -n '/sosia:~#/,$p'
            cat err
            cat stats.json
        }
        """;

    [KvmBedFact]
    public void The_embedded_guest_boots_to_its_shell_by_KVM_with_any_choice_of_interrupt_controllers_in_the_kernel()
    {
        foreach (string chips in (string[])["on", "split", "off"])
        {
            (string console, JsonElement stats) = Boot("nproc", $"--engine kvm --kvm-irqchip {chips}");
            Assert.Contains("\n1\n", console, StringComparison.Ordinal);
            Assert.Equal("kvm", stats.GetProperty("engine").GetString());
            Assert.Equal(-1, stats.GetProperty("instructionsNative").GetInt64());
            // Interrupt controllers in the kernel also wake a halted processor: only with our own is that an exit.
            Assert.Equal(chips == "off", stats.GetProperty("exitsByCause").TryGetProperty("halt", out _));
        }
    }

    [KvmBedFact]
    public void Several_processors_boot_by_KVM_with_controllers_in_the_kernel_and_with_our_own()
    {
        Assert.Contains("\n4\n", Boot("nproc", "--engine kvm --cpus 4").Console, StringComparison.Ordinal);
        Assert.Contains("\n3\n", Boot("nproc", "--engine kvm --cpus 3 --kvm-irqchip off").Console, StringComparison.Ordinal);
    }

    [KvmBedFact]
    public void KVM_and_the_interpreter_take_turns_at_one_machine_in_the_middle_of_its_boot()
    {
        foreach (string machine in (string[])["--machine microvm --kvm-irqchip split", "--machine pc --kvm-irqchip off"])
        {
            (string console, JsonElement stats) = Boot("echo $((6 * 7))", $"{machine} --engine kvm,interpreter --switch-every 400ms");
            Assert.Contains("\n42\n", console, StringComparison.Ordinal);
            Assert.True(stats.GetProperty("wallSeconds").GetDouble() > 1, "It was over before there was a second turn.");
        }
    }

    [KvmBedFact]
    public void The_probe_tells_both_speeds_and_what_auto_takes_and_a_KVM_that_cannot_be_opened_is_one_sentence()
    {
        const string Script = $"""
            {Folder}/sosia engines
            chmod 000 /dev/kvm
            echo 'nobody:x:65534:65534::/:/bin/sh' >> /etc/passwd
            su nobody -s /bin/sh -c '{Folder}/sosia engines; {Folder}/sosia run --engine kvm; echo status $?'
            rm /dev/kvm
            {Folder}/sosia run --engine kvm
            echo status $?
            """;
        (int status, string output) = KvmTestBed.Run(Script, (ProgramFolder, Folder));
        Assert.True(status == 0, output);
        Assert.Contains("kvm          works", output, StringComparison.Ordinal);
        Assert.Contains("driver     kvm_amd", output, StringComparison.Ordinal);
        Assert.Matches(@"ring 0 +\d+ million", output);
        Assert.Matches(@"ring 3 +\d+ million", output);
        Assert.Matches("auto: (kvm|recompiler)", output);
        Assert.Contains("kvm          no     /dev/kvm may not be opened by this user (add the user to its group", output, StringComparison.Ordinal);
        Assert.Contains("sosia: The engine 'kvm' cannot run on this host: /dev/kvm may not be opened by this user (add the user to its group, usually 'kvm'); choose another --engine.\nstatus 4\n", output, StringComparison.Ordinal);
        Assert.Contains("sosia: The engine 'kvm' cannot run on this host: there is no /dev/kvm (", output, StringComparison.Ordinal);
        Assert.EndsWith("; choose another --engine.\nstatus 4\n", output, StringComparison.Ordinal);
    }

    internal static string ProgramFolder => Path.GetDirectoryName(NestedDisk.Program)!;

    private static (string Console, JsonElement Stats) Boot(string command, string arguments)
    {
        (int status, string output) = KvmTestBed.Run($"command='{command}'\n{Harness}\nrun {arguments}", (ProgramFolder, Folder));
        Assert.True(status == 0 && output.Contains("status 143\n", StringComparison.Ordinal), output);
        int json = output.LastIndexOf("\n{\n", StringComparison.Ordinal);
        return (output[..json], JsonDocument.Parse(output[json..]).RootElement.Clone());
    }
}
