using System;
using Sosia.Jit.X64.Tests.Oracle;
using Xunit;
using static Sosia.Jit.X64.Tests.Oracle.Operands;

namespace Sosia.Jit.X64.Tests;

public sealed class ArithmeticEncodingTests
{
    private readonly Listing _listing = new();

    [Fact]
    public void Two_operand_operations_on_registers()
    {
        foreach (AluOperation operation in Enum.GetValues<AluOperation>())
        {
            foreach (int width in AllWidths)
            {
                foreach (Gpr destination in AllGprs)
                {
                    foreach (Gpr source in SomeGprs)
                    {
                        _listing.Expect(
                            $"{Name(operation)} {Name(destination, width)},{Name(source, width)}",
                            a => a.Alu(operation, width, destination, source));
                    }
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Two_operand_operations_with_constants()
    {
        foreach (AluOperation operation in Enum.GetValues<AluOperation>())
        {
            foreach (int width in AllWidths)
            {
                foreach (int immediate in SomeImmediates)
                {
                    foreach (Gpr register in SomeGprs)
                    {
                        _listing.Expect(
                            $"{Name(operation)} {Name(register, width)},{Immediate(immediate, width)}",
                            a => a.Alu(operation, width, register, immediate));
                    }

                    foreach (MemoryCase memory in SomeMemory())
                    {
                        _listing.Expect(
                            $"{Name(operation)} {memory.Sized(width)},{Immediate(immediate, width)}",
                            a => a.Alu(operation, width, memory.Mem, immediate));
                    }
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Two_operand_operations_with_memory()
    {
        foreach (AluOperation operation in Enum.GetValues<AluOperation>())
        {
            foreach (int width in AllWidths)
            {
                foreach (MemoryCase memory in SomeMemory())
                {
                    foreach (Gpr register in SomeGprs)
                    {
                        _listing.Expect(
                            $"{Name(operation)} {Name(register, width)},{memory.Sized(width)}",
                            a => a.Alu(operation, width, register, memory.Mem));
                        _listing.Expect(
                            $"{Name(operation)} {memory.Sized(width)},{Name(register, width)}",
                            a => a.Alu(operation, width, memory.Mem, register));
                    }
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Test_in_all_forms()
    {
        foreach (int width in AllWidths)
        {
            foreach (Gpr register in AllGprs)
            {
                foreach (Gpr other in SomeGprs)
                {
                    _listing.Expect($"test {Name(register, width)},{Name(other, width)}", a => a.Test(width, register, other));
                }

                foreach (int immediate in SomeImmediates)
                {
                    _listing.Expect(
                        $"test {Name(register, width)},{Immediate(immediate, width)}", a => a.Test(width, register, immediate));
                }

                foreach (MemoryCase memory in SomeMemory())
                {
                    _listing.Expect($"test {memory.Sized(width)},{Name(register, width)}", a => a.Test(width, memory.Mem, register));
                }
            }

            foreach (MemoryCase memory in SomeMemory())
            {
                _listing.Expect($"test {memory.Sized(width)},{Immediate(-2, width)}", a => a.Test(width, memory.Mem, -2));
            }
        }

        _listing.Check();
    }

    [Fact]
    public void One_operand_operations()
    {
        foreach (UnaryOperation operation in Enum.GetValues<UnaryOperation>())
        {
            foreach (int width in AllWidths)
            {
                foreach (Gpr register in AllGprs)
                {
                    _listing.Expect($"{Name(operation)} {Name(register, width)}", a => a.Unary(operation, width, register));
                }

                foreach (MemoryCase memory in SomeMemory())
                {
                    _listing.Expect($"{Name(operation)} {memory.Sized(width)}", a => a.Unary(operation, width, memory.Mem));
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Imul_with_two_and_three_operands()
    {
        foreach (int width in WideWidths)
        {
            foreach (Gpr register in AllGprs)
            {
                string name = Name(register, width);
                foreach (Gpr source in SomeGprs)
                {
                    _listing.Expect($"imul {name},{Name(source, width)}", a => a.Imul(width, register, source));
                    foreach (int immediate in SomeImmediates)
                    {
                        _listing.Expect(
                            $"imul {name},{Name(source, width)},{Immediate(immediate, width)}",
                            a => a.Imul(width, register, source, immediate));
                    }
                }

                foreach (MemoryCase memory in SomeMemory())
                {
                    _listing.Expect($"imul {name},{memory.Sized(width)}", a => a.Imul(width, register, memory.Mem));
                    _listing.Expect($"imul {name},{memory.Sized(width)},{Immediate(-5, width)}", a => a.Imul(width, register, memory.Mem, -5));
                    _listing.Expect($"imul {name},{memory.Sized(width)},{Immediate(0x1234, width)}", a => a.Imul(width, register, memory.Mem, 0x1234));
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Crc32_of_all_widths()
    {
        foreach (int width in AllWidths)
        {
            foreach (Gpr destination in AllGprs)
            {
                string name = Name(destination, width == 64 ? 64 : 32);
                foreach (Gpr source in AllGprs)
                {
                    _listing.Expect($"crc32 {name},{Name(source, width)}", a => a.Crc32(width, destination, source));
                }

                foreach (MemoryCase memory in SomeMemory())
                {
                    _listing.Expect($"crc32 {name},{memory.Sized(width)}", a => a.Crc32(width, destination, memory.Mem));
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Instructions_without_operands()
    {
        _listing.Expect("cwd", a => a.SignIntoRdx(16));
        _listing.Expect("cdq", a => a.SignIntoRdx(32));
        _listing.Expect("cqo", a => a.SignIntoRdx(64));
        _listing.Expect("cbw", a => a.SignExtendRax(16));
        _listing.Expect("cwde", a => a.SignExtendRax(32));
        _listing.Expect("cdqe", a => a.SignExtendRax(64));
        _listing.Expect("stc", a => a.Stc());
        _listing.Expect("clc", a => a.Clc());
        _listing.Expect("cmc", a => a.Cmc());
        _listing.Expect("lahf", a => a.Lahf());
        _listing.Expect("sahf", a => a.Sahf());
        _listing.Check();
    }

    [Fact]
    public void Operands_the_hardware_does_not_have_are_refused()
    {
        Assembler assembler = _listing.Assembler;
        Assert.Throws<ArgumentOutOfRangeException>(() => assembler.Alu(AluOperation.Add, 24, Gpr.Rax, Gpr.Rcx));
        Assert.Throws<ArgumentOutOfRangeException>(() => assembler.Imul(8, Gpr.Rax, Gpr.Rcx));
        Assert.Throws<ArgumentOutOfRangeException>(() => assembler.Bswap(16, Gpr.Rax));
        Assert.Throws<ArgumentOutOfRangeException>(() => assembler.Movzx(32, Gpr.Rax, 32, Gpr.Rcx));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Mem(Gpr.Rax, Gpr.Rsp));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Mem(Gpr.Rax, Gpr.Rcx, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => assembler.MovzxFromHigh(Gpr.R8, Gpr.Rax));
        Assert.Throws<ArgumentOutOfRangeException>(() => assembler.MovToHigh(Gpr.Rsi, Gpr.Rax));
        Assert.Equal(0, assembler.Position);
    }
}
