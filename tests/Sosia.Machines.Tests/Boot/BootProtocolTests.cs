using System;
using System.Buffers.Binary;
using System.IO;
using System.IO.Compression;
using System.Text;
using Sosia.Control;
using Xunit;

namespace Sosia.Machines.Tests.Boot;

public sealed class BootProtocolTests : IDisposable
{
    private const ulong BootParams = 0x7000;

    private static readonly byte[] Spin = [0xeb, 0xfe];
    private static readonly byte[] Initrd = Encoding.ASCII.GetBytes("070701" + new string('0', 5000));

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_bzImage_with_a_64_bit_entry_is_entered_in_long_mode_with_its_boot_parameters()
    {
        using VirtualMachine vm = Create(KernelImages.BzImage(Spin, Spin), initrd: Initrd, append: "console=ttyS0 quiet");
        Assert.Equal(KernelImages.PreferredAddress + 0x200u, vm.ReadRegister("rip"));
        Assert.Equal(BootParams, vm.ReadRegister("rsi"));
        Assert.Equal(0x10u, vm.ReadRegister("cs"));
        Assert.Equal(0x18u, vm.ReadRegister("ss"));
        Assert.Equal(0x500u, vm.ReadRegister("efer"));
        Assert.Equal(0x8000_0011u, vm.ReadRegister("cr0"));
        Assert.Equal(2u, vm.ReadRegister("rflags"));

        byte[] page = Read(vm, BootParams, 4096);
        Assert.Equal(0xff, page[0x210]);
        Assert.Equal(0x81, page[0x211]);
        Assert.Equal(0, page[0x1ef]);
        Assert.Equal(0xe_0000u, BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(0x70)));
        Assert.Equal("console=ttyS0 quiet\0", Encoding.ASCII.GetString(Read(vm, Word(page, 0x228), 20)));
        uint initrd = Word(page, 0x218);
        Assert.Equal(0u, initrd % 4096);
        Assert.Equal((uint)Initrd.Length, Word(page, 0x21c));
        Assert.Equal(Initrd, Read(vm, initrd, Initrd.Length));

        // The memory map covers all RAM below the video window and from 1 MiB on, in ascending order.
        int count = page[0x1e8];
        ulong usable = 0;
        ulong end = 0;
        for (int i = 0; i < count; i++)
        {
            Span<byte> entry = page.AsSpan(0x2d0 + (20 * i));
            ulong start = BinaryPrimitives.ReadUInt64LittleEndian(entry);
            ulong byteCount = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
            Assert.InRange(start, end, ulong.MaxValue);
            end = start + byteCount;
            usable += BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]) == 1 ? byteCount : 0;
        }

        Assert.Equal((32UL << 20) - 0x10_0000 + 0x9fc00, usable);
    }

    [Fact]
    public void The_64_bit_entry_state_runs_code()
    {
        // mov dx,0xf4; mov eax,1; out dx,al — behind a REX prefix that 32-bit mode would take for an instruction: mov r8, rsi first
        byte[] code = [0x49, 0x89, 0xf0, 0x66, 0xba, 0xf4, 0x00, 0xb0, 0x01, 0xee, 0xeb, 0xfe];
        using VirtualMachine vm = Create(KernelImages.BzImage(Spin, code));
        Assert.Equal(3, vm.Run().GuestStatus);
        Assert.Equal(BootParams, vm.ReadRegister("r8"));
    }

    [Fact]
    public void A_bzImage_without_a_64_bit_entry_is_entered_in_protected_mode()
    {
        using VirtualMachine vm = Create(KernelImages.BzImage(Spin, Spin, hasLongEntry: false));
        Assert.Equal(KernelImages.PreferredAddress, vm.ReadRegister("rip"));
        Assert.Equal(BootParams, vm.ReadRegister("rsi"));
        Assert.Equal(0u, vm.ReadRegister("efer"));
        Assert.Equal(0x11u, vm.ReadRegister("cr0"));
        Assert.Equal(0x10u, vm.ReadRegister("cs"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_elf_file_with_a_PVH_note_gets_its_start_information(bool is64Bit)
    {
        using VirtualMachine vm = Create(KernelImages.Elf(Spin, is64Bit, hasNote: true), initrd: Initrd, append: "a b");
        Assert.Equal(0x20_0000u, vm.ReadRegister("rip"));
        Assert.Equal(0x11u, vm.ReadRegister("cr0"));
        byte[] info = Read(vm, vm.ReadRegister("rbx"), 56);
        Assert.Equal(0x336e_c578u, Word(info, 0));
        Assert.Equal(1u, Word(info, 4));
        Assert.Equal(1u, Word(info, 12));
        byte[] module = Read(vm, Word(info, 16), 32);
        Assert.Equal((uint)Initrd.Length, Word(module, 8));
        Assert.Equal(Initrd, Read(vm, Word(module, 0), Initrd.Length));
        Assert.Equal("a b\0", Encoding.ASCII.GetString(Read(vm, Word(info, 24), 4)));
        Assert.Equal(0xe_0000u, Word(info, 32));
        byte[] map = Read(vm, Word(info, 40), 24 * (int)Word(info, 48));
        Assert.Equal(1u, Word(map, 16));
        Assert.Equal(0x9fc00u, Word(map, 8));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_multiboot_kernel_gets_modules_command_line_and_memory_map(bool isElf)
    {
        string first = _files.Write("first.bin", [1, 2, 3]);
        string second = _files.Write("second.bin", new byte[5000]);
        byte[] kernel = isElf ? KernelImages.MultibootElf(Spin) : KernelImages.Multiboot(Spin);
        using VirtualMachine vm = CreateWith(_files.Write("kernel", kernel), $"{first} with words,{second}", "verbose");
        Assert.Equal(isElf ? 0x20_0000u : 0x20_0020u, vm.ReadRegister("rip"));
        Assert.Equal(0x2bad_b002u, vm.ReadRegister("rax"));
        byte[] info = Read(vm, vm.ReadRegister("rbx"), 120);
        Assert.Equal(0x24du, Word(info, 0));
        Assert.Equal(639u, Word(info, 4));
        Assert.Equal((32u - 1) * 1024, Word(info, 8));
        Assert.EndsWith("kernel verbose", Text(vm, Word(info, 16)), StringComparison.Ordinal);
        Assert.Equal(2u, Word(info, 20));
        byte[] modules = Read(vm, Word(info, 24), 32);
        Assert.Equal([1, 2, 3], Read(vm, Word(modules, 0), 3));
        Assert.Equal(3u, Word(modules, 4) - Word(modules, 0));
        Assert.Equal($"{first} with words", Text(vm, Word(modules, 8)));
        Assert.Equal(0u, Word(modules, 16) % 4096);
        Assert.Equal(5000u, Word(modules, 20) - Word(modules, 16));
        byte[] map = Read(vm, Word(info, 48), (int)Word(info, 44));
        Assert.Equal(20u, Word(map, 0));
        Assert.Equal(0x9fc00u, Word(map, 12));
        Assert.Equal(1u, Word(map, 20));
        Assert.Equal("Sosia", Text(vm, Word(info, 64)));
    }

    [Fact]
    public void A_kernel_that_is_a_gzip_file_is_inflated_first()
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionMode.Compress))
        {
            gzip.Write(KernelImages.Elf(Spin, is64Bit: true, hasNote: true));
        }

        using VirtualMachine vm = Create(compressed.ToArray());
        Assert.Equal(0x20_0000u, vm.ReadRegister("rip"));
    }

    [Theory]
    [InlineData(0x7c00ul, 0u, 0x7c00u)]
    [InlineData(0x3_0005ul, 0x3000u, 5u)]
    public void A_flat_binary_below_1_MiB_begins_in_real_mode(ulong address, uint segment, uint offset)
    {
        using VirtualMachine vm = CreateWith(_files.Write("flat", Spin), loadAddress: address);
        Assert.Equal(segment, vm.ReadRegister("cs"));
        Assert.Equal(offset, vm.ReadRegister("rip"));
        Assert.Equal(0x10u, vm.ReadRegister("cr0"));
        Assert.Equal(Spin, Read(vm, address, 2));
    }

    [Theory]
    [InlineData("bzImage", 0x100_0200ul)]
    [InlineData("vmlinux.gz", 0ul)]
    public void The_kernels_in_the_repository_load(string kernel, ulong entry)
    {
        using VirtualMachine vm = VirtualMachine.Create(new MachineOptions
        {
            MemoryByteCount = 64 << 20,
            Kernel = Repository.SmallLinux(kernel),
            Initrd = Repository.SmallLinux("initrd"),
        });
        Assert.True(entry == 0 ? vm.ReadRegister("rip") > 0x100_0000 : vm.ReadRegister("rip") == entry);
    }

    private static uint Word(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));

    private static byte[] Read(VirtualMachine vm, ulong address, int byteCount)
    {
        byte[] bytes = new byte[byteCount];
        Assert.True(vm.ReadPhysical(address, bytes));
        return bytes;
    }

    private static string Text(VirtualMachine vm, ulong address)
    {
        byte[] bytes = Read(vm, address, 500);
        return Encoding.ASCII.GetString(bytes, 0, Array.IndexOf(bytes, (byte)0));
    }

    private VirtualMachine Create(byte[] kernel, byte[]? initrd = null, string append = "")
        => CreateWith(_files.Write("kernel", kernel), initrd is null ? null : _files.Write("initrd", initrd), append);

    private static VirtualMachine CreateWith(string kernel, string? initrd = null, string append = "", ulong? loadAddress = null)
        => VirtualMachine.Create(new MachineOptions
        {
            MemoryByteCount = 32 << 20,
            Kernel = kernel,
            Initrd = initrd,
            Append = append,
            LoadAddress = loadAddress,
            DebugExitPort = 0xf4,
        });
}
