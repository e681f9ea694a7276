using System;
using Sosia.Jit.X64.Tests.Oracle;
using Xunit;
using static Sosia.Jit.X64.Tests.Oracle.Operands;

namespace Sosia.Jit.X64.Tests;

public sealed class VectorEncodingTests
{
    private readonly Listing _listing = new();

    [Fact]
    public void Vector_moves()
    {
        foreach (VectorMoveOperation operation in Enum.GetValues<VectorMoveOperation>())
        {
            int width = operation switch
            {
                VectorMoveOperation.Movss or VectorMoveOperation.Movd => 32,
                VectorMoveOperation.Movsd or VectorMoveOperation.Movq => 64,
                _ => 128,
            };
            foreach (Xmm register in AllXmms)
            {
                foreach (Xmm source in AllXmms)
                {
                    if (operation != VectorMoveOperation.Movd)
                    {
                        _listing.Expect($"{Name(operation)} {Name(register)},{Name(source)}", a => a.MovVector(operation, register, source));
                    }
                }

                foreach (MemoryCase memory in SomeMemory())
                {
                    _listing.Expect($"{Name(operation)} {Name(register)},{memory.Sized(width)}", a => a.MovVector(operation, register, memory.Mem));
                    _listing.Expect($"{Name(operation)} {memory.Sized(width)},{Name(register)}", a => a.MovVector(operation, memory.Mem, register));
                }
            }
        }

        _listing.Check();
        Assert.Throws<ArgumentOutOfRangeException>(() => _listing.Assembler.MovVector(VectorMoveOperation.Movd, Xmm.Xmm0, Xmm.Xmm1));
    }

    [Fact]
    public void Moves_between_the_register_files()
    {
        foreach (Xmm vector in AllXmms)
        {
            foreach (Gpr register in AllGprs)
            {
                _listing.Expect($"movd {Name(vector)},{Name(register, 32)}", a => a.MovVector(32, vector, register));
                _listing.Expect($"movd {Name(register, 32)},{Name(vector)}", a => a.MovVector(32, register, vector));
                _listing.Expect($"movq {Name(vector)},{Name(register)}", a => a.MovVector(64, vector, register));
                _listing.Expect($"movq {Name(register)},{Name(vector)}", a => a.MovVector(64, register, vector));
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Control_register_and_upper_halves()
    {
        foreach (MemoryCase memory in AllMemory())
        {
            _listing.Expect($"ldmxcsr {memory.Sized(32)}", a => a.Ldmxcsr(memory.Mem));
            _listing.Expect($"stmxcsr {memory.Sized(32)}", a => a.Stmxcsr(memory.Mem));
        }

        _listing.Expect("vzeroupper", a => a.Vzeroupper());
        _listing.Check();
    }

    [Fact]
    public void Sse_instructions_of_every_prefix_and_map()
    {
        foreach (Xmm reg in SomeXmms)
        {
            foreach (Xmm rm in AllXmms)
            {
                string both = $"{Name(reg)},{Name(rm)}";
                _listing.Expect($"addps {both}", a => a.Sse(VectorPrefix.None, OpcodeMap.Map0F, 0x58, reg, rm));
                _listing.Expect($"addpd {both}", a => a.Sse(VectorPrefix.P66, OpcodeMap.Map0F, 0x58, reg, rm));
                _listing.Expect($"addss {both}", a => a.Sse(VectorPrefix.PF3, OpcodeMap.Map0F, 0x58, reg, rm));
                _listing.Expect($"addsd {both}", a => a.Sse(VectorPrefix.PF2, OpcodeMap.Map0F, 0x58, reg, rm));
                _listing.Expect($"pshufb {both}", a => a.Sse(VectorPrefix.P66, OpcodeMap.Map0F38, 0x00, reg, rm));
                _listing.Expect($"palignr {both},0x81", a => a.Sse(VectorPrefix.P66, OpcodeMap.Map0F3A, 0x0F, reg, rm, 0x81));
                _listing.Expect($"pshufd {both},0xff", a => a.Sse(VectorPrefix.P66, OpcodeMap.Map0F, 0x70, reg, rm, 0xFF));
                _listing.Expect($"sha256msg1 {both}", a => a.Sse(VectorPrefix.None, OpcodeMap.Map0F38, 0xCC, reg, rm));
            }

            foreach (MemoryCase memory in SomeMemory())
            {
                _listing.Expect($"paddd {Name(reg)},{memory.Sized(128)}", a => a.Sse(VectorPrefix.P66, OpcodeMap.Map0F, 0xFE, reg, memory.Mem));
                _listing.Expect($"sqrtsd {Name(reg)},{memory.Sized(64)}", a => a.Sse(VectorPrefix.PF2, OpcodeMap.Map0F, 0x51, reg, memory.Mem));
                _listing.Expect($"roundsd {Name(reg)},{memory.Sized(64)},0x3", a => a.Sse(VectorPrefix.P66, OpcodeMap.Map0F3A, 0x0B, reg, memory.Mem, 3));
            }
        }

        _listing.Check();
    }

    [Fact]
    public void Sse_instructions_by_register_numbers()
    {
        foreach (Xmm vector in AllXmms)
        {
            foreach (Gpr register in AllGprs)
            {
                int x = (int)vector;
                int g = (int)register;
                _listing.Expect($"cvtsi2sd {Name(vector)},{Name(register)}", a => a.SseRaw(VectorPrefix.PF2, OpcodeMap.Map0F, 0x2A, x, g, wide: true));
                _listing.Expect($"cvttsd2si {Name(register, 32)},{Name(vector)}", a => a.SseRaw(VectorPrefix.PF2, OpcodeMap.Map0F, 0x2C, g, x));
                _listing.Expect($"pmovmskb {Name(register, 32)},{Name(vector)}", a => a.SseRaw(VectorPrefix.P66, OpcodeMap.Map0F, 0xD7, g, x));
                _listing.Expect($"pextrq {Name(register)},{Name(vector)},0x1", a => a.SseRaw(VectorPrefix.P66, OpcodeMap.Map0F3A, 0x16, x, g, 1, wide: true));
                _listing.Expect($"pinsrw {Name(vector)},{Name(register, 32)},0x7", a => a.SseRaw(VectorPrefix.P66, OpcodeMap.Map0F, 0xC4, x, g, 7));
            }

            // A digit instead of a register.
            _listing.Expect($"psrldq {Name(vector)},0x4", a => a.SseRaw(VectorPrefix.P66, OpcodeMap.Map0F, 0x73, 3, (int)vector, 4));
            _listing.Expect($"pslldq {Name(vector)},0x4", a => a.SseRaw(VectorPrefix.P66, OpcodeMap.Map0F, 0x73, 7, (int)vector, 4));
        }

        foreach (MemoryCase memory in SomeMemory())
        {
            _listing.Expect($"pextrq {memory.Sized(64)},xmm9,0x1", a => a.SseRaw(VectorPrefix.P66, OpcodeMap.Map0F3A, 0x16, 9, memory.Mem, 1, wide: true));
        }

        _listing.Check();
    }

    [Fact]
    public void Vex_instructions()
    {
        foreach (int length in new[] { 128, 256 })
        {
            foreach (Xmm reg in SomeXmms)
            {
                foreach (Xmm vvvv in AllXmms)
                {
                    string both = $"{Name(reg, length)},{Name(vvvv, length)}";
                    foreach (Xmm rm in SomeXmms)
                    {
                        string three = $"{both},{Name(rm, length)}";
                        _listing.Expect($"vaddps {three}", a => a.Vex(VectorPrefix.None, OpcodeMap.Map0F, 0x58, length, reg, vvvv, rm));
                        _listing.Expect($"vpaddb {three}", a => a.Vex(VectorPrefix.P66, OpcodeMap.Map0F, 0xFC, length, reg, vvvv, rm));
                        _listing.Expect($"vpmulld {three}", a => a.Vex(VectorPrefix.P66, OpcodeMap.Map0F38, 0x40, length, reg, vvvv, rm));
                        _listing.Expect($"vfmadd231pd {three}", a => a.Vex(VectorPrefix.P66, OpcodeMap.Map0F38, 0xB8, length, reg, vvvv, rm, wide: true));
                        _listing.Expect($"vpalignr {three},0xf", a => a.Vex(VectorPrefix.P66, OpcodeMap.Map0F3A, 0x0F, length, reg, vvvv, rm, 15));
                        _listing.Expect(
                            $"vblendvps {three},{Name(Xmm.Xmm11, length)}",
                            a => a.Vex(VectorPrefix.P66, OpcodeMap.Map0F3A, 0x4A, length, reg, vvvv, rm, 11 << 4));
                    }

                    foreach (MemoryCase memory in SomeMemory())
                    {
                        _listing.Expect(
                            $"vxorps {both},{memory.Sized(length)}", a => a.Vex(VectorPrefix.None, OpcodeMap.Map0F, 0x57, length, reg, vvvv, memory.Mem));
                        _listing.Expect(
                            $"vpalignr {both},{memory.Sized(length)},0x80",
                            a => a.Vex(VectorPrefix.P66, OpcodeMap.Map0F3A, 0x0F, length, reg, vvvv, memory.Mem, 0x80));
                    }
                }

                foreach (MemoryCase memory in AllMemory())
                {
                    _listing.Expect(
                        $"vmovdqu {Name(reg, length)},{memory.Sized(length)}",
                        a => a.Vex(VectorPrefix.PF3, OpcodeMap.Map0F, 0x6F, length, reg, Xmm.Xmm0, memory.Mem));
                }
            }
        }

        foreach (Xmm reg in AllXmms)
        {
            foreach (Xmm rm in AllXmms)
            {
                _listing.Expect($"vaddsd {Name(reg)},xmm1,{Name(rm)}", a => a.Vex(VectorPrefix.PF2, OpcodeMap.Map0F, 0x58, 128, reg, Xmm.Xmm1, rm));
                _listing.Expect($"vpabsd {Name(reg)},{Name(rm)}", a => a.Vex(VectorPrefix.P66, OpcodeMap.Map0F38, 0x1E, 128, reg, Xmm.Xmm0, rm));
            }

            // A digit instead of a register; the destination is in vvvv.
            _listing.Expect($"vpslld {Name(reg)},xmm9,0x3", a => a.VexRaw(VectorPrefix.P66, OpcodeMap.Map0F, 0x72, 128, 6, (int)reg, 9, 3));
            _listing.Expect(
                $"vcvttsd2si r10,{Name(reg)}", a => a.VexRaw(VectorPrefix.PF2, OpcodeMap.Map0F, 0x2C, 128, 10, 0, (int)reg, wide: true));
        }

        _listing.Check();
    }

    [Fact]
    public void Gathers_index_with_vector_registers()
    {
        foreach (Xmm index in AllXmms)
        {
            if (index is Xmm.Xmm13 or Xmm.Xmm14)
            {
                // Destination, mask and index must differ.
                continue;
            }

            _listing.Expect(
                $"vpgatherdd xmm14,DWORD PTR [r13+{Name(index)}*4+0x0],xmm13",
                a => a.Vex(VectorPrefix.P66, OpcodeMap.Map0F38, 0x90, 128, Xmm.Xmm14, Xmm.Xmm13, Mem.Vector(Gpr.R13, index, 4)));
            _listing.Expect(
                $"vgatherdpd ymm14,QWORD PTR [rsp+{Name(index)}*8-0x10],ymm13",
                a => a.Vex(VectorPrefix.P66, OpcodeMap.Map0F38, 0x92, 256, Xmm.Xmm14, Xmm.Xmm13, Mem.Vector(Gpr.Rsp, index, 8, -16), wide: true));
        }

        _listing.Check();
    }
}
