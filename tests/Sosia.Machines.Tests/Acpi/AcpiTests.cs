using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;
using Sosia.Control;
using Xunit;
using Xunit.Abstractions;

namespace Sosia.Machines.Tests.Acpi;

public sealed class AcpiTests(ITestOutputHelper output) : IDisposable
{
    private const ulong Rsdp = 0xe_0000;

    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("pc", "APIC DSDT FACP HPET RSDT XSDT")]
    [InlineData("microvm", "APIC DSDT FACP RSDT XSDT")]
    public void Every_table_is_found_from_the_root_pointer_and_its_bytes_sum_to_zero(string machine, string expected)
    {
        SortedDictionary<string, byte[]> tables = ReadTables(machine);
        Assert.Equal(expected, string.Join(' ', tables.Keys));
        foreach ((string name, byte[] table) in tables)
        {
            Assert.True(Sum(table) == 0, $"{name} has a wrong checksum");
        }
    }

    [Fact]
    public void The_fixed_table_of_the_pc_says_where_the_chipsets_registers_are()
    {
        byte[] fadt = ReadTables("pc")["FACP"];
        Assert.Equal(9, BinaryPrimitives.ReadUInt16LittleEndian(fadt.AsSpan(46)));
        Assert.Equal(0xb2u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(48)));
        Assert.Equal(0x600u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(56)));
        Assert.Equal(0x604u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(64)));
        Assert.Equal(0x608u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(76)));
        Assert.Equal(0x60cu, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(80)));
        Assert.Equal(0xcf9u, BinaryPrimitives.ReadUInt64LittleEndian(fadt.AsSpan(120)));
        // The firmware control structure is aligned to 64 bytes.
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(36)) % 64);
    }

    /// <summary>The oracle is Intel's compiler, which disassembles the tables and compiles the result again.</summary>
    [Theory]
    [InlineData("pc", "FACP", new[] { "PM1A Event Block Address : 00000600", "SCI Interrupt : 0009", "Reset Register Supported (V2) : 1" })]
    [InlineData("pc", "APIC", new[] { "[I/O APIC]", "Interrupt : 00000002", "[Local APIC NMI]" })]
    [InlineData("pc", "HPET", new[] { "Address : 00000000FED00000" })]
    [InlineData("pc", "DSDT", new[] { "PNP0A03", "_PRT", "PNP0C0F", "_SRS", "PNP0501", "_S5", "WordBusNumber", "DWordMemory" })]
    [InlineData("microvm", "FACP", new[] { "Hardware Reduced (V5) : 1", "Sleep Control Register" })]
    [InlineData("microvm", "APIC", new[] { "[I/O APIC]" })]
    [InlineData("microvm", "DSDT", new[] { "LNRO0005", "PNP0501", "_S5" })]
    public void Intels_compiler_understands_the_tables(string machine, string table, string[] expected)
    {
        string file = _files.Write(table + ".dat", ReadTables(machine)[table]);
        if (!TryRun("iasl", $"-d {file}", out string messages))
        {
            output.WriteLine("SKIPPED: iasl (package acpica-tools) is not installed.");
            return;
        }

        string source = File.ReadAllText(Path.ChangeExtension(file, ".dsl"));
        Assert.DoesNotContain("Error", messages, StringComparison.Ordinal);
        Assert.DoesNotContain("Warning", messages, StringComparison.Ordinal);
        foreach (string text in expected)
        {
            Assert.Contains(text, source, StringComparison.Ordinal);
        }

        if (table == "DSDT")
        {
            TryRun("iasl", $"-tc -p {_files.Path("again")} {Path.ChangeExtension(file, ".dsl")}", out messages);
            Assert.Contains("0 Errors", messages, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("pc")]
    [InlineData("microvm")]
    public void Every_processor_has_a_local_apic_in_the_tables(string machine)
    {
        byte[] madt = ReadTables(machine, cpuCount: 8)["APIC"];
        List<byte> ids = [];
        for (int at = 44; at < madt.Length; at += madt[at + 1])
        {
            if (madt[at] == 0)
            {
                Assert.Equal(madt[at + 2], madt[at + 3]);
                Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(madt.AsSpan(at + 4)));
                ids.Add(madt[at + 3]);
            }
        }

        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], ids);
    }

    private static byte Sum(byte[] bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return sum;
    }

    private static bool TryRun(string program, string arguments, out string messages)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            messages = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
            process.WaitForExit();
            return true;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            messages = string.Empty;
            return false;
        }
    }

    private SortedDictionary<string, byte[]> ReadTables(string machine, int cpuCount = 1)
    {
        using VirtualMachine vm = VirtualMachine.Create(new MachineOptions
        {
            Machine = machine,
            MemoryByteCount = 16 << 20,
            CpuCount = cpuCount,
            Kernel = _files.Write("guest.bin", [0xf4]),
            LoadAddress = 0x10_0000,
        });
        byte[] rsdp = Read(vm, Rsdp, 36);
        Assert.Equal("RSD PTR ", Encoding.ASCII.GetString(rsdp, 0, 8));
        Assert.Equal(0, Sum(rsdp));
        Assert.Equal(0, Sum(rsdp[..20]));
        SortedDictionary<string, byte[]> tables = [];
        byte[] rsdt = Add(vm, tables, BinaryPrimitives.ReadUInt32LittleEndian(rsdp.AsSpan(16)));
        byte[] xsdt = Add(vm, tables, BinaryPrimitives.ReadUInt64LittleEndian(rsdp.AsSpan(24)));
        Assert.Equal((rsdt.Length - 36) / 4, (xsdt.Length - 36) / 8);
        for (int i = 36; i < xsdt.Length; i += 8)
        {
            Add(vm, tables, BinaryPrimitives.ReadUInt64LittleEndian(xsdt.AsSpan(i)));
        }

        Add(vm, tables, BinaryPrimitives.ReadUInt64LittleEndian(tables["FACP"].AsSpan(140)));
        return tables;
    }

    private static byte[] Add(VirtualMachine vm, SortedDictionary<string, byte[]> tables, ulong address)
    {
        byte[] header = Read(vm, address, 36);
        byte[] table = Read(vm, address, BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(4)));
        tables[Encoding.ASCII.GetString(table, 0, 4)] = table;
        return table;
    }

    private static byte[] Read(VirtualMachine vm, ulong address, int byteCount)
    {
        byte[] bytes = new byte[byteCount];
        Assert.True(vm.ReadPhysical(address, bytes));
        return bytes;
    }
}
