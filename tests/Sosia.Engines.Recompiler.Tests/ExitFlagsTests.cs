using System;
using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Execution;
using Sosia.Engines.Interpreter;
using Sosia.Isa.X86;
using Xunit;

namespace Sosia.Engines.Recompiler.Tests;

/// <summary>Flags that are computed only where a block is left in the middle: a device that an instruction reads looks at them.</summary>
public sealed unsafe class ExitFlagsTests
{
    private const ulong Device = 0x10_0000;

    [Theory]
    [InlineData("d0d1 8a00 01d2", 64)] // rcl cl, 1; mov al, [rax]; add edx, edx: the register that held the carry word is used again
    [InlineData("d0d1 8a00 01d2", 32)]
    [InlineData("0f4bd3 f8 d328", 64)] // cmovnp edx, ebx; clc; shr dword [rax], cl: a condition needs the flags, then half of the words is in a register
    [InlineData("0f4bd3 f8 d328", 32)]
    public void A_device_sees_the_flags_as_the_instruction_before_left_them(string code, int codeBits)
    {
        using var expected = new VectorMachine(new InterpreterEngine(), codeBits);
        using var actual = new VectorMachine(new RecompilerEngine(new RecompilerOptions { WarmExecutions = 1 }), codeBits);
        VectorMachine[] machines = [expected, actual];
        List<ulong>[] seen = [[], []];
        for (int i = 0; i < 2; i++)
        {
            machines[i].Memory.MapDevice(Device, 0x1000, new FlagReader(machines[i].Cpu, seen[i]), "flags");
            machines[i].Load(Convert.FromHexString(code.Replace(" ", string.Empty, StringComparison.Ordinal)));
        }

        var random = new Random(1);
        for (int round = 0; round < 300; round++)
        {
            // In every other round the flag words are those that instructions left, which an assignment would not choose.
            uint flags = (uint)random.Next(0x1000) & 0x8d5;
            uint count = (uint)random.Next(1, 31);
            uint other = (uint)random.Next();
            foreach (VectorMachine machine in machines)
            {
                if (round % 2 == 0)
                {
                    machine.Cpu.Rflags = 2 | flags;
                }

                machine.State->Gpr[0] = Device;
                machine.State->Gpr[1] = count;
                machine.State->Gpr[2] = other;
                machine.State->Rip = VectorMachine.CodeAddress;
                machine.Engine.Run(machine.Cpu, new RunLimits(8));
            }

            Assert.Equal(expected.State->Gpr[1], actual.State->Gpr[1]);
            Assert.Equal(expected.Cpu.Rflags, actual.Cpu.Rflags);
        }

        Assert.NotEmpty(seen[0]);
        Assert.Equal(seen[0], seen[1]);
        Assert.NotEqual(0, actual.Engine.Counters.InstructionsInHostCode);
    }

    private sealed class FlagReader(X86Cpu cpu, List<ulong> seen) : IMmioDevice
    {
        public ulong ReadMmio(ulong offset, int byteCount)
        {
            seen.Add(cpu.Rflags);
            return 0x5a5a_5a5a & ((1UL << (8 * byteCount)) - 1);
        }

        public void WriteMmio(ulong offset, int byteCount, ulong value)
        {
        }
    }
}
