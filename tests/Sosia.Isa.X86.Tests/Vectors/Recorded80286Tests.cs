using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Tests.Integer;
using Sosia.Isa.X86.Tests.Oracle;
using Xunit;

namespace Sosia.Isa.X86.Tests.Vectors;

/// <summary>Real-mode instructions as an 80286 chip executed them, with exceptions, compared where later processors do the same.</summary>
public sealed unsafe class Recorded80286Tests
{
    private const string Set = "80286";
    private const int AddressSpace = 0x110000;
    private const int Flags = 13;

    // In real mode a 286 keeps IOPL and NT at 0.
    private const uint FlagMask = 0xfd5;

    // General registers in the file's order.
    private static readonly int[] GeneralRegisters = [0, 3, 1, 2, -1, -1, -1, -1, 4, 5, 6, 7, -1, -1];

    public static TheoryData<string> Files()
    {
        var data = new TheoryData<string>();
        if (VectorFolder.Find(Set) is { } folder)
        {
            foreach (string path in Directory.GetFiles(folder, "*.MOO.gz").Order(StringComparer.Ordinal))
            {
                string name = Path.GetFileName(path).Replace(".MOO.gz", string.Empty, StringComparison.Ordinal);
                if (Known286.ReasonToSkip(name) is null)
                {
                    data.Add(name);
                }
            }
        }

        return data;
    }

    [VectorTheory(Set)]
    [MemberData(nameof(Files))]
    public void Instruction_does_what_the_chip_did(string file)
    {
        using var cpu = new EmulatedCpu(0, AddressSpace);
        cpu.State->A20Mask = ulong.MaxValue;
        var differences = new List<string>();
        int compared = 0;
        foreach (MooTest test in MooFile.Read(Path.Combine(VectorFolder.Find(Set)!, file + ".MOO.gz")))
        {
            if (Known286.IsDifferent(test))
            {
                continue;
            }

            compared++;
            string difference = Run(cpu, test);
            if (difference.Length != 0)
            {
                differences.Add($"{test.Name} [{Convert.ToHexString(test.Bytes)}]: {difference}");
            }
        }

        Assert.True(differences.Count == 0, $"{differences.Count} of {compared} differ:\n{string.Join('\n', differences.Take(8))}");
        Assert.NotEqual(0, compared);
    }

    private static string Run(EmulatedCpu cpu, MooTest test)
    {
        Load(cpu, test);
        X86State* st = cpu.State;
        ulong rip = test.Registers[12];
        byte[] code = new byte[15];
        for (int i = 0; i < code.Length; i++)
        {
            code[i] = cpu.Ram[(int)(st->Cs.Base + (ushort)(rip + (ulong)i))];
        }

        BlockExit exit;
        do
        {
            exit = cpu.Run(code, 16, rip);
        }
        while (exit == BlockExit.BeforeInstruction);

        if (exit == BlockExit.Fault)
        {
            st->Exit = BlockExit.Fault;
            st->FaultVector = Known286.FaultVector(st->FaultVector, test);
            cpu.Cpu.DeliverFault();
            st->Exit = BlockExit.None;
        }

        return Compare(cpu, test, UndefinedFlags.After(cpu.Decoded, test.Registers[2]));
    }

    private static void Load(EmulatedCpu cpu, MooTest test)
    {
        cpu.SetMode(16);
        foreach ((uint address, byte value) in test.Memory)
        {
            cpu.Ram[(int)address] = value;
        }

        X86State* st = cpu.State;
        for (int i = 0; i < GeneralRegisters.Length; i++)
        {
            if (GeneralRegisters[i] >= 0)
            {
                st->Gpr[GeneralRegisters[i]] = test.Registers[i];
            }
        }

        SetSegment(ref st->Cs, test.Registers[4]);
        SetSegment(ref st->Ss, test.Registers[5]);
        SetSegment(ref st->Ds, test.Registers[6]);
        SetSegment(ref st->Es, test.Registers[7]);
        cpu.Cpu.Rflags = (test.Registers[Flags] & FlagMask) | 2;
    }

    private static void SetSegment(ref SegmentRegister segment, ushort selector)
    {
        segment.Selector = selector;
        segment.Base = (ulong)selector << 4;
    }

    private static string Compare(EmulatedCpu cpu, MooTest test, uint undefinedFlags)
    {
        X86State* st = cpu.State;
        ushort[] actual = new ushort[14];
        for (int i = 0; i < GeneralRegisters.Length; i++)
        {
            actual[i] = GeneralRegisters[i] >= 0 ? (ushort)st->Gpr[GeneralRegisters[i]] : (ushort)0;
        }

        actual[4] = st->Cs.Selector;
        actual[5] = st->Ss.Selector;
        actual[6] = st->Ds.Selector;
        actual[7] = st->Es.Selector;
        // The recording went on through the HLT.
        actual[12] = (ushort)(st->Rip + 1);
        actual[Flags] = (ushort)cpu.Cpu.Rflags;
        string[] names = ["ax", "bx", "cx", "dx", "cs", "ss", "ds", "es", "sp", "bp", "si", "di", "ip", "flags"];
        var wrong = new List<string>();
        for (int i = 0; i < actual.Length; i++)
        {
            uint mask = i == Flags ? FlagMask & ~undefinedFlags : Known286.CommitsIndexes(cpu.Decoded.Row, test) && i is 2 or 10 or 11 ? 0u : 0xffff;
            if (((actual[i] ^ test.FinalRegisters[i]) & mask) != 0)
            {
                wrong.Add(string.Create(CultureInfo.InvariantCulture, $"{names[i]} {test.Registers[i]:x4} became {actual[i]:x4}, on the chip {test.FinalRegisters[i]:x4}"));
            }
        }

        // An exception pushed the flags, undefined ones too.
        uint flagImage = ((uint)test.FinalRegisters[5] << 4) + (ushort)(test.FinalRegisters[8] + 4);
        foreach ((uint address, byte value) in test.FinalMemory)
        {
            uint mask = test.Exception < 0 ? 0xff
                : address == flagImage ? ~undefinedFlags & 0xd5
                : address == flagImage + 1 ? ~(undefinedFlags >> 8) & 0xf : 0xff;
            if (((cpu.Ram[(int)address] ^ value) & mask) != 0)
            {
                wrong.Add(string.Create(CultureInfo.InvariantCulture, $"[{address:x}] is {cpu.Ram[(int)address]:x2}, on the chip {value:x2}"));
            }
        }

        return string.Join("; ", wrong);
    }
}
