using System;
using System.Formats.Tar;
using System.IO;
using System.Threading.Tasks;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Net;
using Sosia.Net.User;
using Xunit;

namespace Sosia.Guests.Tests.InstalledDebian;

/// <summary>Debian's apt installs packages from a mirror of the host, and OpenSSH's client logs in through a forwarded port.</summary>
[Trait("Category", "Boot")]
public sealed class DebianNetworkTests : IDisposable
{
    private const string Disk = "debian-disk.img";
    private const string Mirror = "package-mirror.tar";

    private readonly string _folder = Directory.CreateTempSubdirectory("sosia-mirror-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [ImageTheory(Mirror)]
    [InlineData("virtio")]
    [InlineData("e1000")]
    public void Apt_installs_an_SSH_server_from_a_mirror_of_the_host_and_a_client_of_the_host_logs_in(string model)
    {
        if (CachedImage.Find(Disk) is not { } disk || !HostProgram.Exists("ssh"))
        {
            // ./test makes and installs them where it may.
            return;
        }

        string packages = Path.Combine(_folder, "packages");
        Directory.CreateDirectory(packages);
        TarFile.ExtractToDirectory(CachedImage.Find(Mirror)!, packages, overwriteFiles: false);
        using var server = new WebServer(path => Find(packages, path));
        string key = Path.Combine(_folder, "key");
        HostProgram.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", string.Empty, "-f", key);

        using VirtualMachine vm = VirtualMachine.Create(EmbeddedGuest.Options(ClockMode.RealTime, string.Empty, $"file={disk},format=raw,if=virtio,snapshot") with
        {
            MemoryByteCount = 256 << 20,
            Networks = [NetworkOptions.Parse($"user,model={model},allow-host-loopback=on,hostfwd=tcp:127.0.0.1:0-:22")],
        });
        vm.Console.Expect(EmbeddedGuest.Prompt, EmbeddedGuest.Patience);
        EmbeddedGuest.Command(vm, NetworkTests.AskForAddress);
        EmbeddedGuest.Command(vm, "mkdir -p /mnt; mount -t ext4 /dev/vda1 /mnt && mount -t proc proc /mnt/proc && mount -o bind /dev /mnt/dev");
        EmbeddedGuest.Command(vm, $"echo 'deb [trusted=yes allow-insecure=yes] http://10.0.2.2:{server.Port} ./' > /mnt/etc/apt/sources.list");
        Assert.Contains("status 0", EmbeddedGuest.Command(vm, "chroot /mnt apt-get update -q; echo status $?"), StringComparison.Ordinal);
        string install = "chroot /mnt env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends dropbear-bin; echo status $?";
        Assert.Contains("status 0", EmbeddedGuest.Command(vm, install), StringComparison.Ordinal);

        EmbeddedGuest.Command(vm, "mkdir -p /mnt/root/.ssh /mnt/etc/dropbear; chmod 700 /mnt/root /mnt/root/.ssh");
        EmbeddedGuest.Command(vm, $"echo '{File.ReadAllText(key + ".pub").Trim()}' > /mnt/root/.ssh/authorized_keys; chmod 600 /mnt/root/.ssh/authorized_keys");
        EmbeddedGuest.Command(vm, "chroot /mnt dropbear -R -p 22 && until grep -q :0016.*0A /proc/net/tcp; do sleep 1; done");
        int port = ((UserNetwork)vm.Machine.Networks[0]).HostPorts[0].Port;
        string[] arguments =
        [
            "-i", key, "-p", $"{port}", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "-o", "ConnectTimeout=120", "root@127.0.0.1",
            "cat /etc/hostname; head -c 1000000 /dev/zero | md5sum",
        ];
        Task<(int Status, string Output, string Errors)> client = Task.Run(() => HostProgram.RunAny("ssh", arguments));
        vm.RunUntil(() => client.IsCompleted, EmbeddedGuest.Patience);
        (int status, string output, string errors) = client.GetAwaiter().GetResult();
        Assert.True(status == 0, errors);
        Assert.Equal("debian\n879f4bba57ed37c9ec5e5aedf9864698  -\n", output);
    }

    private static byte[]? Find(string folder, string path)
    {
        string file = Path.Combine(folder, Path.GetFileName(path));
        return File.Exists(file) ? File.ReadAllBytes(file) : null;
    }
}
