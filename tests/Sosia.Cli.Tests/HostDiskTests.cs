using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Sosia.Cli.Tests;

/// <summary>A guest's disk when the host fails it: the program is ended or killed, or the host's own disk is full.</summary>
[Trait("Category", "Boot")]
public sealed partial class HostDiskTests : IDisposable
{
    private const int Kill = 9;
    private const int Terminate = 15;
    private const string Prompt = "sosia:~# ";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [GuestFact("linux-x86_64")]
    public void What_the_guest_has_synced_is_there_after_the_program_was_killed_in_mid_write() => KillInMidWrite("virtio", "vda", "raw");

    [GuestFact("linux-x86_64")]
    public void What_the_guest_has_synced_to_a_qcow2_image_on_IDE_is_there_after_a_kill() => KillInMidWrite("ide", "sda", "qcow2");

    [GuestFact("linux-x86_64")]
    public void What_the_guest_has_synced_to_a_qcow2_image_on_AHCI_is_there_after_a_kill() => KillInMidWrite("ahci", "sda", "qcow2");

    [DriverGuestFact]
    public void What_the_guest_has_flushed_to_a_qcow2_image_on_NVMe_is_there_after_a_kill()
    {
        string image = _folder.PathOf("disk.qcow2");
        Assert.Equal(0, RunTool("qemu-img", "create", "-f", "qcow2", image, "64M").Status);
        using ProgramRun run = ProgramRun.Start(
            "run", "--kernel", DriverGuestFactAttribute.Kernel, "--initrd", DriverGuestFactAttribute.Initrd, "--append", "console=ttyS0", "--drive", $"file={image},format=qcow2,if=nvme");
        run.Expect(Prompt);
        // 100 KiB between two records, so that the image's tables grow.
        run.Type("i=0; while true; do i=$((i+1)); echo \"number $i\" | dd of=/dev/nvme0n1 bs=512 seek=$((200*i)) conv=sync,fsync 2>/dev/null; echo \"syn\"\"ced $i.\"; done\n");
        run.Expect("synced 60.");
        run.Signal(Kill);
        int last = SyncedPattern().Matches(run.WaitForEnd().Output).Select(static m => int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).Append(60).Max();
        (int checkStatus, string checkOutput) = RunTool("qemu-img", "check", "-f", "qcow2", image);
        Assert.True(checkStatus is 0 or 3, checkOutput);
        string disk = _folder.PathOf("disk.img");
        Assert.Equal(0, RunTool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", image, disk).Status);
        byte[] contents = File.ReadAllBytes(disk);
        Assert.Equal(
            Enumerable.Range(1, last).Select(static i => $"number {i}"),
            Enumerable.Range(1, last).Select(i => Encoding.ASCII.GetString(contents, 200 * 512 * i, 16).TrimEnd('\0', '\n')));
    }

    [GuestFact("linux-x86_64")]
    public void A_folder_whose_file_system_the_guest_has_broken_stays_as_it_was_and_the_disk_is_kept()
    {
        string folder = Directory.CreateDirectory(_folder.PathOf("shared")).FullName;
        File.WriteAllText(Path.Combine(folder, "a.txt"), "precious");
        using ProgramRun run = ProgramRun.Start("run", "--drive", $"file=fat:rw:{folder},if=virtio");
        run.Expect(Prompt);
        run.Type("dd if=/dev/zero of=/dev/vda bs=512 seek=2049 count=1 conv=fsync 2>/dev/null; echo \"writ\"\"ten: $?\"\n");
        run.Expect("written: 0");
        run.Type("poweroff\n");
        ProgramResult result = run.WaitForEnd();
        Assert.Equal(0, result.Status);
        Assert.Contains($"'{folder}.unsaved-1.img'", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(Assert.Single(Directory.GetFiles(folder))));
    }

    [TracedGuestFact("linux-x86_64")]
    public void What_the_guest_has_written_is_flushed_when_the_program_is_ended_by_SIGTERM()
    {
        string image = _folder.PathOf("disk.img");
        string trace = _folder.PathOf("trace");
        CreateSparse(image);
        using ProgramRun run = ProgramRun.StartTraced(trace, "fdatasync,pwrite64,pwritev", "run", "--drive", $"file={image},format=raw,if=virtio");
        run.Expect(Prompt);
        // Past the guest's page cache, and without a flush by the guest.
        run.Type("dd if=/dev/urandom of=/dev/vda bs=64k count=3 oflag=direct; echo \"writ\"\"ten: $?\"\n");
        run.Expect("written: 0");
        run.Signal(Terminate);
        Assert.Equal(128 + Terminate, run.WaitForEnd().Status);

        List<TracedCall> calls = TracedCall.Parse(File.ReadAllLines(trace));
        TracedCall write = calls.Last(call => call.Name.StartsWith("pwrite", StringComparison.Ordinal) && call.Text.Contains($"<{image}>", StringComparison.Ordinal));
        TracedCall signal = Assert.Single(calls, static call => call.Text.StartsWith("--- SIGTERM", StringComparison.Ordinal));
        Assert.True(write.End < signal.Start, string.Join('\n', calls));
        string descriptor = DescriptorPattern().Match(write.Text).Value;
        Assert.Contains(calls, call => call.Start > write.End && call.Text == $"fdatasync{descriptor}) = 0");
        Assert.DoesNotContain(calls, call => call.Name == "fdatasync" && call.Start > write.End && call.Start < signal.Start);
    }

    [RootGuestFact("linux-x86_64")]
    public void A_full_host_disk_is_an_error_of_the_guests_disk_and_one_message()
    {
        string mount = Directory.CreateDirectory(_folder.PathOf("small")).FullName;
        (int status, string output) = RunTool("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", mount);
        Assert.True(status == 0, output);
        try
        {
            string image = Path.Combine(mount, "disk.img");
            CreateSparse(image);
            using ProgramRun run = ProgramRun.Start("run", "--drive", $"file={image},format=raw,if=virtio,werror=report");
            run.Expect(Prompt);
            run.Type("dd if=/dev/urandom of=/root/data bs=64k count=1 2>/dev/null; dd if=/root/data of=/dev/vda conv=fsync 2>/dev/null; echo \"small\"\": $?\"\n");
            run.Expect("small: 0");
            run.Type("dd if=/dev/urandom of=/dev/vda bs=64k seek=1 count=400 conv=fsync; echo \"large\"\": $?\"\n");
            run.Expect("large: 1");
            // What was written before is whole, and the machine goes on.
            run.Type("echo 3 > /proc/sys/vm/drop_caches; cmp -n 65536 /root/data /dev/vda; echo \"compared\"\": $?\"\n");
            run.Expect("compared: 0");
            run.Type("poweroff\n");
            ProgramResult result = run.WaitForEnd();
            Assert.Equal(0, result.Status);
            Assert.Contains("NoSpace", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        }
        finally
        {
            RunTool("umount", mount);
        }
    }

    [RootGuestFact("linux-x86_64")]
    public void A_full_host_disk_pauses_the_guest_until_there_is_room_and_nothing_is_lost()
    {
        string mount = Directory.CreateDirectory(_folder.PathOf("tight")).FullName;
        (int status, string output) = RunTool("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", mount);
        Assert.True(status == 0, output);
        try
        {
            string filler = Path.Combine(mount, "filler");
            File.WriteAllBytes(filler, new byte[10 << 20]);
            string image = Path.Combine(mount, "disk.img");
            CreateSparse(image);
            using ProgramRun run = ProgramRun.Start("run", "--drive", $"file={image},format=raw,if=ide");
            run.Expect(Prompt);
            run.Type("dd if=/dev/urandom of=/root/data bs=64k count=160 2>/dev/null; dd if=/root/data of=/dev/sda bs=64k conv=fsync; echo \"written\"\": $?\"\n");
            run.ExpectError("the guest stands still");
            File.Delete(filler);
            run.Expect("written: 0");
            run.Type("echo 3 > /proc/sys/vm/drop_caches; cmp -n 10485760 /root/data /dev/sda; echo \"compared\"\": $?\"\n");
            run.Expect("compared: 0");
            run.Type("poweroff\n");
            Assert.Equal(0, run.WaitForEnd().Status);
        }
        finally
        {
            RunTool("umount", mount);
        }
    }

    [RootGuestFact("linux-x86_64")]
    public void A_full_host_disk_pauses_the_guest_with_images_of_every_format_and_nothing_is_lost()
    {
        string[] formats = ["qcow2", "vmdk", "vdi", "vpc", "vhdx"];
        string mount = Directory.CreateDirectory(_folder.PathOf("tight")).FullName;
        (int status, string output) = RunTool("mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", mount);
        Assert.True(status == 0, output);
        try
        {
            string filler = Path.Combine(mount, "filler");
            List<string> arguments = ["run"];
            foreach (string format in formats)
            {
                Assert.Equal(0, RunTool("qemu-img", "create", "-f", format, Path.Combine(mount, format), "64M").Status);
                arguments.AddRange(["--drive", $"file={Path.Combine(mount, format)},format={format},if=virtio"]);
            }

            using ProgramRun run = ProgramRun.Start([.. arguments]);
            run.Expect(Prompt);
            run.Type("dd if=/dev/urandom of=/root/data bs=64k count=100 2>/dev/null\n");
            run.Expect(Prompt);
            for (int i = 0; i < formats.Length; i++)
            {
                // Room for about half of what is written.
                File.WriteAllBytes(filler, new byte[Math.Max(0, new DriveInfo(mount).AvailableFreeSpace - (3 << 20))]);
                string device = "/dev/vd" + (char)('a' + i);
                run.Type($"dd if=/root/data of={device} bs=64k conv=fsync 2>/dev/null; echo \"{formats[i]} \"\"written: $?\"\n");
                run.ExpectError($"virtio-blk{i}");
                File.Delete(filler);
                run.Expect($"{formats[i]} written: 0");
                run.Type($"echo 3 > /proc/sys/vm/drop_caches; cmp -n 6553600 /root/data {device}; echo \"compared\"\": $?\"\n");
                run.Expect("compared: 0");
            }

            run.Type("sha256sum /root/data; poweroff\n");
            ProgramResult result = run.WaitForEnd();
            Assert.Equal(0, result.Status);
            Assert.All(result.ErrorLines, static line => Assert.Contains("the guest stands still", line, StringComparison.Ordinal));
            string sum = SumPattern().Match(result.Output).Value;
            foreach (string format in formats)
            {
                string disk = _folder.PathOf(format + ".img");
                Assert.Equal(0, RunTool("qemu-img", "convert", "-f", format, "-O", "raw", Path.Combine(mount, format), disk).Status);
                Assert.Equal(sum, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(disk).AsSpan(0, 100 << 16))));
            }
        }
        finally
        {
            RunTool("umount", mount);
        }
    }

    private void KillInMidWrite(string controller, string device, string format)
    {
        string image = _folder.PathOf("disk.img");
        CreateSparse(image);
        string disk = image;
        if (format != "raw")
        {
            image = _folder.PathOf("disk." + format);
            Assert.Equal(0, RunTool("qemu-img", "create", "-f", format, image, "64M").Status);
        }

        using ProgramRun run = ProgramRun.Start("run", "--drive", $"file={image},format={format},if={controller}");
        run.Expect(Prompt);
        run.Type($"mkfs.ext4 -q /dev/{device} && mount /dev/{device} /mnt; i=0; while true; do i=$((i+1)); echo \"number $i\" > /mnt/f$i; sync; echo \"syn\"\"ced $i.\"; done\n");
        run.Expect("synced 25.");
        run.Signal(Kill);
        int last = SyncedPattern().Matches(run.WaitForEnd().Output).Select(static m => int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).Append(25).Max();
        if (format != "raw")
        {
            // 3: space is leaked, no more.
            (int checkStatus, string checkOutput) = RunTool("qemu-img", "check", "-f", format, image);
            Assert.True(checkStatus is 0 or 3, checkOutput);
            Assert.Equal(0, RunTool("qemu-img", "convert", "-f", format, "-O", "raw", image, disk).Status);
        }

        (int status, string output) = RunTool("e2fsck", "-fy", disk);
        Assert.True(status is 0 or 1, output);
        Assert.Contains("recovering journal", output, StringComparison.Ordinal);
        string commands = _folder.PathOf("commands");
        File.WriteAllLines(commands, Enumerable.Range(1, last).Select(static i => $"cat /f{i}"));
        string contents = RunTool("debugfs", "-f", commands, disk).Output;
        string[] found = [.. contents.Split('\n').Where(static line => line.StartsWith("number ", StringComparison.Ordinal))];
        Assert.Equal(Enumerable.Range(1, last).Select(static i => $"number {i}"), found);
    }

    private static void CreateSparse(string path)
    {
        using FileStream file = File.Create(path);
        file.SetLength(64 << 20);
    }

    private static (int Status, string Output) RunTool(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PATH"] = Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin" },
        })!;
        string output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }

    [GeneratedRegex(@"\(\d+<[^>]*>")]
    private static partial Regex DescriptorPattern();

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex SumPattern();

    [GeneratedRegex(@"synced (\d+)\.")]
    private static partial Regex SyncedPattern();
}
