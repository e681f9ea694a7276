using System;
using Sosia.Jit.X64.Tests.Oracle;
using Xunit;
using static Sosia.Jit.X64.Tests.Oracle.Operands;

namespace Sosia.Jit.X64.Tests;

public sealed class BitEncodingTests
{
    private readonly Listing _listing = new();

    [Fact]
    public void Shifts_and_rotates()
    {
        foreach (ShiftOperation operation in Enum.GetValues<ShiftOperation>())
        {
            foreach (int width in AllWidths)
            {
                foreach (Gpr register in AllGprs)
                {
                    string name = $"{Name(operation)} {Name(register, width)}";
                    _listing.Expect($"{name},1", a => a.Shift(operation, width, register, 1));
                    _listing.Expect($"{name},0x0", a => a.Shift(operation, width, register, 0));
                    _listing.Expect($"{name},0x1f", a => a.Shift(operation, width, register, 31));
                    _listing.Expect($"{name},cl", a => a.ShiftByCl(operation, width, register));
                }

                foreach (MemoryCase memory in SomeMemory())
                {
                    string name = $"{Name(operation)} {memory.Sized(width)}";
                    _listing.Expect($"{name},1", a => a.Shift(operation, width, memory.Mem, 1));
                    _listing.Expect($"{name},0x7", a => a.Shift(operation, width, memory.Mem, 7));
                    _listing.Expect($"{name},cl", a => a.ShiftByCl(operation, width, memory.Mem));
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Double_shifts()
    {
        foreach (int width in WideWidths)
        {
            foreach (Gpr source in SomeGprs)
            {
                string from = Name(source, width);
                foreach (Gpr register in AllGprs)
                {
                    string to = Name(register, width);
                    _listing.Expect($"shld {to},{from},0x5", a => a.Shld(width, register, source, 5));
                    _listing.Expect($"shrd {to},{from},0xf", a => a.Shrd(width, register, source, 15));
                    _listing.Expect($"shld {to},{from},cl", a => a.ShldByCl(width, register, source));
                    _listing.Expect($"shrd {to},{from},cl", a => a.ShrdByCl(width, register, source));
                }

                foreach (MemoryCase memory in SomeMemory())
                {
                    string to = memory.Sized(width);
                    _listing.Expect($"shld {to},{from},0x5", a => a.Shld(width, memory.Mem, source, 5));
                    _listing.Expect($"shrd {to},{from},0xf", a => a.Shrd(width, memory.Mem, source, 15));
                    _listing.Expect($"shld {to},{from},cl", a => a.ShldByCl(width, memory.Mem, source));
                    _listing.Expect($"shrd {to},{from},cl", a => a.ShrdByCl(width, memory.Mem, source));
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Bit_tests()
    {
        foreach (BitOperation operation in Enum.GetValues<BitOperation>())
        {
            foreach (int width in WideWidths)
            {
                foreach (Gpr register in AllGprs)
                {
                    string name = $"{Name(operation)} {Name(register, width)}";
                    _listing.Expect($"{name},0x3", a => a.Bit(operation, width, register, 3));
                    _listing.Expect($"{name},{Immediate(width - 1, 8)}", a => a.Bit(operation, width, register, width - 1));
                    foreach (Gpr bit in SomeGprs)
                    {
                        _listing.Expect($"{name},{Name(bit, width)}", a => a.Bit(operation, width, register, bit));
                    }
                }

                foreach (MemoryCase memory in SomeMemory())
                {
                    _listing.Expect($"{Name(operation)} {memory.Sized(width)},0x9", a => a.Bit(operation, width, memory.Mem, 9));
                    _listing.Expect(
                        $"lock {Name(operation)} {memory.Sized(width)},{Name(Gpr.R8, width)}".Replace("lock bt ", "bt ", StringComparison.Ordinal),
                        a =>
                        {
                            if (operation != BitOperation.Bt)
                            {
                                a.Lock();
                            }

                            a.Bit(operation, width, memory.Mem, Gpr.R8);
                        });
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Bit_counts()
    {
        foreach (BitCountOperation operation in Enum.GetValues<BitCountOperation>())
        {
            foreach (int width in WideWidths)
            {
                foreach (Gpr destination in AllGprs)
                {
                    string name = $"{Name(operation)} {Name(destination, width)}";
                    foreach (Gpr source in AllGprs)
                    {
                        _listing.Expect($"{name},{Name(source, width)}", a => a.BitCount(operation, width, destination, source));
                    }

                    foreach (MemoryCase memory in SomeMemory())
                    {
                        _listing.Expect($"{name},{memory.Sized(width)}", a => a.BitCount(operation, width, destination, memory.Mem));
                    }
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Bmi_with_a_register_as_first_source()
    {
        foreach (BmiOperation operation in Enum.GetValues<BmiOperation>())
        {
            foreach (int width in LongWidths)
            {
                foreach (Gpr destination in AllGprs)
                {
                    foreach (Gpr first in SomeGprs)
                    {
                        string name = $"{Name(operation)} {Name(destination, width)},{Name(first, width)}";
                        foreach (Gpr second in SomeGprs)
                        {
                            _listing.Expect($"{name},{Name(second, width)}", a => a.Bmi(operation, width, destination, first, second));
                        }

                        foreach (MemoryCase memory in SomeMemory())
                        {
                            _listing.Expect($"{name},{memory.Sized(width)}", a => a.Bmi(operation, width, destination, first, memory.Mem));
                        }
                    }
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Bmi_with_a_register_as_second_source()
    {
        foreach (BmiShiftOperation operation in Enum.GetValues<BmiShiftOperation>())
        {
            foreach (int width in LongWidths)
            {
                foreach (Gpr destination in AllGprs)
                {
                    foreach (Gpr count in SomeGprs)
                    {
                        string name = $"{Name(operation)} {Name(destination, width)}";
                        foreach (Gpr source in SomeGprs)
                        {
                            _listing.Expect(
                                $"{name},{Name(source, width)},{Name(count, width)}",
                                a => a.BmiShift(operation, width, destination, source, count));
                        }

                        foreach (MemoryCase memory in SomeMemory())
                        {
                            _listing.Expect(
                                $"{name},{memory.Sized(width)},{Name(count, width)}",
                                a => a.BmiShift(operation, width, destination, memory.Mem, count));
                        }
                    }
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Bmi_on_the_lowest_bit_and_rorx()
    {
        foreach (int width in LongWidths)
        {
            foreach (Gpr destination in AllGprs)
            {
                string to = Name(destination, width);
                foreach (BmiLowBitOperation operation in Enum.GetValues<BmiLowBitOperation>())
                {
                    foreach (Gpr source in AllGprs)
                    {
                        _listing.Expect(
                            $"{Name(operation)} {to},{Name(source, width)}", a => a.BmiLowBit(operation, width, destination, source));
                    }

                    foreach (MemoryCase memory in SomeMemory())
                    {
                        _listing.Expect($"{Name(operation)} {to},{memory.Sized(width)}", a => a.BmiLowBit(operation, width, destination, memory.Mem));
                    }
                }

                foreach (Gpr source in AllGprs)
                {
                    _listing.Expect($"rorx {to},{Name(source, width)},0x1f", a => a.Rorx(width, destination, source, 31));
                }

                foreach (MemoryCase memory in SomeMemory())
                {
                    _listing.Expect($"rorx {to},{memory.Sized(width)},0x1", a => a.Rorx(width, destination, memory.Mem, 1));
                }
            }
        }

        _listing.Check();
    }
}
