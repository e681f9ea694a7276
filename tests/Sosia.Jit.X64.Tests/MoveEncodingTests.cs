using Sosia.Jit.X64.Tests.Oracle;
using Xunit;
using static Sosia.Jit.X64.Tests.Oracle.Operands;

namespace Sosia.Jit.X64.Tests;

public sealed class MoveEncodingTests
{
    private readonly Listing _listing = new();

    [Fact]
    public void Mov_between_registers()
    {
        foreach (int width in AllWidths)
        {
            foreach (Gpr destination in AllGprs)
            {
                foreach (Gpr source in AllGprs)
                {
                    _listing.Expect($"mov {Name(destination, width)},{Name(source, width)}", a => a.Mov(width, destination, source));
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Every_form_of_address_in_a_load_and_a_store()
    {
        foreach (MemoryCase memory in AllMemory())
        {
            foreach (int width in AllWidths)
            {
                // Not RAX: objdump writes its own form for absolute addresses, MOV with 64-bit offset, which we do not use.
                _listing.Expect($"mov {Name(Gpr.Rsi, width)},{memory.Sized(width)}", a => a.Mov(width, Gpr.Rsi, memory.Mem));
                _listing.Expect($"mov {memory.Sized(width)},{Name(Gpr.R9, width)}", a => a.Mov(width, memory.Mem, Gpr.R9));
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Mov_of_every_register_with_memory()
    {
        foreach (int width in AllWidths)
        {
            foreach (Gpr register in AllGprs)
            {
                foreach (MemoryCase memory in SomeMemory())
                {
                    _listing.Expect($"mov {Name(register, width)},{memory.Sized(width)}", a => a.Mov(width, register, memory.Mem));
                    _listing.Expect($"mov {memory.Sized(width)},{Name(register, width)}", a => a.Mov(width, memory.Mem, register));
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Mov_of_constants()
    {
        foreach (int immediate in SomeImmediates)
        {
            foreach (int width in AllWidths)
            {
                foreach (MemoryCase memory in SomeMemory())
                {
                    _listing.Expect($"mov {memory.Sized(width)},{Immediate(immediate, width)}", a => a.Mov(width, memory.Mem, immediate));
                }
            }

            foreach (Gpr register in AllGprs)
            {
                foreach (int width in new[] { 8, 16, 32 })
                {
                    _listing.Expect($"mov {Name(register, width)},{Immediate(immediate, width)}", a => a.Mov(width, register, immediate));
                }

                // A positive 64-bit constant is loaded as 32 bits.
                int loaded = immediate < 0 ? 64 : 32;
                _listing.Expect($"mov {Name(register, loaded)},{Immediate(immediate, loaded)}", a => a.Mov(64, register, immediate));
            }
        }

        _listing.Check();
    }

    [Fact]
    public void MovImmediate_takes_the_shortest_form()
    {
        foreach (Gpr register in AllGprs)
        {
            string name = Name(register);
            _listing.Expect($"mov {Name(register, 32)},0x0", a => a.MovImmediate(register, 0));
            _listing.Expect($"mov {Name(register, 32)},0x7fffffff", a => a.MovImmediate(register, int.MaxValue));
            _listing.Expect($"mov {Name(register, 32)},0x80000000", a => a.MovImmediate(register, 0x8000_0000));
            _listing.Expect($"mov {Name(register, 32)},0xffffffff", a => a.MovImmediate(register, uint.MaxValue));
            _listing.Expect($"mov {name},0xffffffffffffffff", a => a.MovImmediate(register, -1));
            _listing.Expect($"mov {name},0xffffffff80000000", a => a.MovImmediate(register, int.MinValue));
            _listing.Expect($"movabs {name},0x100000000", a => a.MovImmediate(register, 0x1_0000_0000));
            _listing.Expect($"movabs {name},0xffffffff7fffffff", a => a.MovImmediate(register, int.MinValue - 1L));
            _listing.Expect($"movabs {name},0x8000000000000000", a => a.MovImmediate(register, long.MinValue));
            _listing.Expect($"movabs {name},0x123456789abcdef0", a => a.MovImmediate(register, 0x1234_5678_9ABC_DEF0));
        }

        _listing.Check();
    }

    [Fact]
    public void Zero_and_sign_extension()
    {
        foreach (Gpr destination in AllGprs)
        {
            foreach (Gpr source in AllGprs)
            {
                foreach (int width in WideWidths)
                {
                    // To 64 bits, zero extension is done by writing 32.
                    string zeroExtended = Name(destination, width == 64 ? 32 : width);
                    string signExtended = Name(destination, width);
                    _listing.Expect($"movzx {zeroExtended},{Name(source, 8)}", a => a.Movzx(width, destination, 8, source));
                    _listing.Expect($"movsx {signExtended},{Name(source, 8)}", a => a.Movsx(width, destination, 8, source));
                    if (width > 16)
                    {
                        _listing.Expect($"movzx {zeroExtended},{Name(source, 16)}", a => a.Movzx(width, destination, 16, source));
                        _listing.Expect($"movsx {signExtended},{Name(source, 16)}", a => a.Movsx(width, destination, 16, source));
                    }
                }

                _listing.Expect($"movsxd {Name(destination)},{Name(source, 32)}", a => a.Movsx(64, destination, 32, source));
            }

            foreach (MemoryCase memory in SomeMemory())
            {
                foreach (int width in LongWidths)
                {
                    _listing.Expect($"movzx {Name(destination, 32)},{memory.Sized(8)}", a => a.Movzx(width, destination, 8, memory.Mem));
                    _listing.Expect($"movzx {Name(destination, 32)},{memory.Sized(16)}", a => a.Movzx(width, destination, 16, memory.Mem));
                    _listing.Expect($"movsx {Name(destination, width)},{memory.Sized(8)}", a => a.Movsx(width, destination, 8, memory.Mem));
                    _listing.Expect($"movsx {Name(destination, width)},{memory.Sized(16)}", a => a.Movsx(width, destination, 16, memory.Mem));
                }

                _listing.Expect($"mov {Name(destination, 32)},{memory.Sized(32)}", a => a.Movzx(64, destination, 32, memory.Mem));
                _listing.Expect($"movsxd {Name(destination)},{memory.Sized(32)}", a => a.Movsx(64, destination, 32, memory.Mem));
            }
        }

        // Zero extension from 32 bits reads through the load form of MOV.
        _listing.Expect("mov eax,r9d", a => a.Movzx(64, Gpr.Rax, 32, Gpr.R9));
        _listing.Check();
    }

    [Fact]
    public void High_byte_registers()
    {
        string[] high = ["ah", "ch", "dh", "bh"];
        string[] low = ["al", "cl", "dl", "bl"];
        for (int i = 0; i < 4; i++)
        {
            Gpr first = (Gpr)i;
            for (int j = 0; j < 8; j++)
            {
                Gpr other = (Gpr)j;
                _listing.Expect($"movzx {Name(other, 32)},{high[i]}", a => a.MovzxFromHigh(other, first));
                if (j < 4)
                {
                    _listing.Expect($"mov {high[i]},{low[j]}", a => a.MovToHigh(first, other));
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Lea_of_every_form_of_address()
    {
        foreach (MemoryCase memory in AllMemory())
        {
            foreach (int width in WideWidths)
            {
                _listing.Expect($"lea {Name(Gpr.R10, width)},{memory.Address}", a => a.Lea(width, Gpr.R10, memory.Mem));
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Exchanges()
    {
        foreach (int width in AllWidths)
        {
            foreach (Gpr register in AllGprs)
            {
                string name = Name(register, width);
                foreach (Gpr other in AllGprs)
                {
                    bool shortForm = width != 8 && register != other && (register == Gpr.Rax || other == Gpr.Rax);
                    Gpr shown = shortForm ? (register == Gpr.Rax ? other : register) : register;
                    Gpr second = shortForm ? Gpr.Rax : other;
                    string text = $"xchg {Name(shown, width)},{Name(second, width)}";
                    if (register == other)
                    {
                        // GNU as makes NOPs of some of these.
                        _listing.ExpectHere(text, a => a.Xchg(width, register, other));
                    }
                    else
                    {
                        _listing.Expect(text, a => a.Xchg(width, register, other));
                    }
                }

                foreach (Gpr other in SomeGprs)
                {
                    _listing.Expect($"cmpxchg {name},{Name(other, width)}", a => a.Cmpxchg(width, register, other));
                    _listing.Expect($"xadd {name},{Name(other, width)}", a => a.Xadd(width, register, other));
                }

                foreach (MemoryCase memory in SomeMemory())
                {
                    _listing.Expect($"xchg {memory.Sized(width)},{name}", a => a.Xchg(width, memory.Mem, register));
                    _listing.Expect($"cmpxchg {memory.Sized(width)},{name}", a => a.Cmpxchg(width, memory.Mem, register));
                    _listing.Expect(
                        $"lock cmpxchg {memory.Sized(width)},{name}",
                        a =>
                        {
                            a.Lock();
                            a.Cmpxchg(width, memory.Mem, register);
                        });
                    _listing.Expect(
                        $"lock xadd {memory.Sized(width)},{name}",
                        a =>
                        {
                            a.Lock();
                            a.Xadd(width, memory.Mem, register);
                        });
                }
            }
        }

        foreach (MemoryCase memory in SomeMemory())
        {
            _listing.Expect($"cmpxchg8b {memory.Sized(64)}", a => a.Cmpxchg8b(memory.Mem));
            _listing.Expect(
                $"lock cmpxchg16b OWORD PTR {memory.Address}",
                a =>
                {
                    a.Lock();
                    a.Cmpxchg16b(memory.Mem);
                });
        }

        _listing.Check();
    }

    [Fact]
    public void Conditional_moves_and_sets()
    {
        for (Condition condition = Condition.Overflow; condition <= Condition.Greater; condition++)
        {
            Condition when = condition;
            string suffix = Suffix(when);
            foreach (Gpr register in AllGprs)
            {
                _listing.Expect($"set{suffix} {Name(register, 8)}", a => a.Setcc(when, register));
                foreach (int width in WideWidths)
                {
                    _listing.Expect(
                        $"cmov{suffix} {Name(register, width)},{Name(Gpr.R11, width)}", a => a.Cmovcc(when, width, register, Gpr.R11));
                    foreach (MemoryCase memory in SomeMemory())
                    {
                        _listing.Expect(
                            $"cmov{suffix} {Name(register, width)},{memory.Sized(width)}", a => a.Cmovcc(when, width, register, memory.Mem));
                    }
                }
            }

            foreach (MemoryCase memory in SomeMemory())
            {
                _listing.Expect($"set{suffix} {memory.Sized(8)}", a => a.Setcc(when, memory.Mem));
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Byte_order()
    {
        foreach (Gpr register in AllGprs)
        {
            foreach (int width in LongWidths)
            {
                _listing.Expect($"bswap {Name(register, width)}", a => a.Bswap(width, register));
            }

            foreach (int width in WideWidths)
            {
                foreach (MemoryCase memory in SomeMemory())
                {
                    _listing.Expect($"movbe {Name(register, width)},{memory.Sized(width)}", a => a.Movbe(width, register, memory.Mem));
                    _listing.Expect($"movbe {memory.Sized(width)},{Name(register, width)}", a => a.Movbe(width, memory.Mem, register));
                }
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Stack_and_strings()
    {
        foreach (Gpr register in AllGprs)
        {
            _listing.Expect($"push {Name(register)}", a => a.Push(register));
            _listing.Expect($"pop {Name(register)}", a => a.Pop(register));
        }

        _listing.Expect("pushf", a => a.Pushfq());
        _listing.Expect("popf", a => a.Popfq());
        foreach (int width in AllWidths)
        {
            _listing.Expect($"rep movs {Pointer(width)}es:[rdi],{Pointer(width)}ds:[rsi]", a => a.RepMovs(width));
            _listing.Expect($"rep stos {Pointer(width)}es:[rdi],{Name(Gpr.Rax, width)}", a => a.RepStos(width));
        }

        _listing.Check();
    }
}
