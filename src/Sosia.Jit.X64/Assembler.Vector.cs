using System;

namespace Sosia.Jit.X64;

/// <content>
/// SSE and AVX: the moves a compiler needs, and generic encoders by prefix, map and opcode with which any other instruction,
/// in particular one of the guest, is written. Immediate operands: -1 is none, otherwise 0 to 255.
/// </content>
public sealed unsafe partial class Assembler
{
    /// <summary>The immediate of an instruction that has none.</summary>
    public const int NoImmediate = -1;

    /// <summary>MOVUPS, MOVAPS, MOVDQU, MOVDQA, MOVSS, MOVSD, MOVQ between vector registers.</summary>
    /// <param name="operation">Which; not MOVD.</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">Read.</param>
    public void MovVector(VectorMoveOperation operation, Xmm destination, Xmm source)
    {
        if (operation == VectorMoveOperation.Movd)
        {
            throw new ArgumentOutOfRangeException(nameof(operation), operation, "MOVD has no form with two vector registers.");
        }

        Modrm(VectorLoadOpcode(operation), (int)destination, (int)source);
    }

    /// <summary>A load into a vector register.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">Read.</param>
    public void MovVector(VectorMoveOperation operation, Xmm destination, in Mem source) =>
        Modrm(VectorLoadOpcode(operation), (int)destination, source);

    /// <summary>A store from a vector register.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">Read.</param>
    public void MovVector(VectorMoveOperation operation, in Mem destination, Xmm source) =>
        Modrm(VectorStoreOpcode(operation), (int)source, destination);

    /// <summary>MOVD or MOVQ from a general-purpose register; clears the rest of the vector register.</summary>
    /// <param name="width">32 (MOVD) or 64 (MOVQ).</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">Read.</param>
    public void MovVector(int width, Xmm destination, Gpr source) =>
        Modrm(Long(Prefix66 | Map0F | 0x6E, width), (int)destination, (int)source);

    /// <summary>MOVD or MOVQ to a general-purpose register.</summary>
    /// <param name="width">32 (MOVD) or 64 (MOVQ).</param>
    /// <param name="destination">Written.</param>
    /// <param name="source">Read.</param>
    public void MovVector(int width, Gpr destination, Xmm source) =>
        Modrm(Long(Prefix66 | Map0F | 0x7E, width), (int)source, (int)destination);

    /// <summary>LDMXCSR.</summary>
    /// <param name="source">4 bytes.</param>
    public void Ldmxcsr(in Mem source) => Modrm(Map0F | 0xAE, 2, source);

    /// <summary>STMXCSR.</summary>
    /// <param name="destination">4 bytes.</param>
    public void Stmxcsr(in Mem destination) => Modrm(Map0F | 0xAE, 3, destination);

    /// <summary>VZEROUPPER.</summary>
    public void Vzeroupper() => _next = VexHead(Open(), Map0F | 0x77, 0, 0);

    /// <summary>Any SSE instruction on two vector registers.</summary>
    /// <param name="prefix">The mandatory prefix.</param>
    /// <param name="map">The opcode map.</param>
    /// <param name="opcode">The opcode byte.</param>
    /// <param name="reg">The register in ModRM.reg, mostly the destination.</param>
    /// <param name="rm">The register in ModRM.rm, mostly the source.</param>
    /// <param name="immediate">0 to 255 or <see cref="NoImmediate"/>.</param>
    /// <param name="wide">REX.W.</param>
    public void Sse(VectorPrefix prefix, OpcodeMap map, byte opcode, Xmm reg, Xmm rm, int immediate = NoImmediate, bool wide = false) =>
        SseRaw(prefix, map, opcode, (int)reg, (int)rm, immediate, wide);

    /// <summary>Any SSE instruction on a vector register and memory.</summary>
    /// <param name="prefix">The mandatory prefix.</param>
    /// <param name="map">The opcode map.</param>
    /// <param name="opcode">The opcode byte; whether memory is source or destination is its matter.</param>
    /// <param name="reg">The register in ModRM.reg.</param>
    /// <param name="memory">The memory operand.</param>
    /// <param name="immediate">0 to 255 or <see cref="NoImmediate"/>.</param>
    /// <param name="wide">REX.W.</param>
    public void Sse(VectorPrefix prefix, OpcodeMap map, byte opcode, Xmm reg, in Mem memory, int immediate = NoImmediate, bool wide = false) =>
        SseRaw(prefix, map, opcode, (int)reg, memory, immediate, wide);

    /// <summary>Any SSE instruction by numbers: general-purpose registers, or a digit in <paramref name="reg"/>, are possible too.</summary>
    /// <param name="prefix">The mandatory prefix.</param>
    /// <param name="map">The opcode map.</param>
    /// <param name="opcode">The opcode byte.</param>
    /// <param name="reg">ModRM.reg: a register's number (0 to 15) or a digit.</param>
    /// <param name="rm">ModRM.rm: a register's number (0 to 15).</param>
    /// <param name="immediate">0 to 255 or <see cref="NoImmediate"/>.</param>
    /// <param name="wide">REX.W.</param>
    public void SseRaw(VectorPrefix prefix, OpcodeMap map, byte opcode, int reg, int rm, int immediate = NoImmediate, bool wide = false) =>
        _next = OptionalImmediate(Encode(Open(), VectorOpcode(prefix, map, opcode, wide), reg, rm), immediate);

    /// <summary>Any SSE instruction by numbers, with memory.</summary>
    /// <param name="prefix">The mandatory prefix.</param>
    /// <param name="map">The opcode map.</param>
    /// <param name="opcode">The opcode byte.</param>
    /// <param name="reg">ModRM.reg: a register's number (0 to 15) or a digit.</param>
    /// <param name="memory">The memory operand.</param>
    /// <param name="immediate">0 to 255 or <see cref="NoImmediate"/>.</param>
    /// <param name="wide">REX.W.</param>
    public void SseRaw(VectorPrefix prefix, OpcodeMap map, byte opcode, int reg, in Mem memory, int immediate = NoImmediate, bool wide = false) =>
        _next = OptionalImmediate(
            Encode(Open(), VectorOpcode(prefix, map, opcode, wide), reg, memory, ImmediateCount(immediate)), immediate);

    /// <summary>Any VEX instruction on vector registers.</summary>
    /// <param name="prefix">VEX.pp.</param>
    /// <param name="map">VEX.mmmmm.</param>
    /// <param name="opcode">The opcode byte.</param>
    /// <param name="length">128 or 256: VEX.L.</param>
    /// <param name="reg">The register in ModRM.reg, mostly the destination.</param>
    /// <param name="vvvv">The register in VEX.vvvv, mostly the first source; <see cref="Xmm.Xmm0"/> where the instruction has none.</param>
    /// <param name="rm">The register in ModRM.rm, mostly the last source.</param>
    /// <param name="immediate">0 to 255 or <see cref="NoImmediate"/>; a fourth register is in its bits 7 to 4.</param>
    /// <param name="wide">VEX.W.</param>
    public void Vex(
        VectorPrefix prefix, OpcodeMap map, byte opcode, int length, Xmm reg, Xmm vvvv, Xmm rm, int immediate = NoImmediate, bool wide = false) =>
        VexRaw(prefix, map, opcode, length, (int)reg, (int)vvvv, (int)rm, immediate, wide);

    /// <summary>Any VEX instruction on vector registers and memory.</summary>
    /// <param name="prefix">VEX.pp.</param>
    /// <param name="map">VEX.mmmmm.</param>
    /// <param name="opcode">The opcode byte.</param>
    /// <param name="length">128 or 256: VEX.L.</param>
    /// <param name="reg">The register in ModRM.reg.</param>
    /// <param name="vvvv">The register in VEX.vvvv; <see cref="Xmm.Xmm0"/> where the instruction has none.</param>
    /// <param name="memory">The memory operand.</param>
    /// <param name="immediate">0 to 255 or <see cref="NoImmediate"/>; a fourth register is in its bits 7 to 4.</param>
    /// <param name="wide">VEX.W.</param>
    public void Vex(
        VectorPrefix prefix, OpcodeMap map, byte opcode, int length, Xmm reg, Xmm vvvv, in Mem memory, int immediate = NoImmediate, bool wide = false) =>
        VexRaw(prefix, map, opcode, length, (int)reg, (int)vvvv, memory, immediate, wide);

    /// <summary>Any VEX instruction by numbers: general-purpose registers, or a digit in <paramref name="reg"/>, are possible too.</summary>
    /// <param name="prefix">VEX.pp.</param>
    /// <param name="map">VEX.mmmmm.</param>
    /// <param name="opcode">The opcode byte.</param>
    /// <param name="length">128 or 256: VEX.L.</param>
    /// <param name="reg">ModRM.reg: a register's number (0 to 15) or a digit.</param>
    /// <param name="vvvv">VEX.vvvv: a register's number (0 to 15); 0 where the instruction has none.</param>
    /// <param name="rm">ModRM.rm: a register's number (0 to 15).</param>
    /// <param name="immediate">0 to 255 or <see cref="NoImmediate"/>.</param>
    /// <param name="wide">VEX.W.</param>
    public void VexRaw(
        VectorPrefix prefix, OpcodeMap map, byte opcode, int length, int reg, int vvvv, int rm, int immediate = NoImmediate, bool wide = false) =>
        _next = OptionalImmediate(
            VexEncode(Open(), VectorOpcode(prefix, map, opcode, wide) | LengthBit(length), reg, vvvv, rm), immediate);

    /// <summary>Any VEX instruction by numbers, with memory.</summary>
    /// <param name="prefix">VEX.pp.</param>
    /// <param name="map">VEX.mmmmm.</param>
    /// <param name="opcode">The opcode byte.</param>
    /// <param name="length">128 or 256: VEX.L.</param>
    /// <param name="reg">ModRM.reg: a register's number (0 to 15) or a digit.</param>
    /// <param name="vvvv">VEX.vvvv: a register's number (0 to 15); 0 where the instruction has none.</param>
    /// <param name="memory">The memory operand.</param>
    /// <param name="immediate">0 to 255 or <see cref="NoImmediate"/>.</param>
    /// <param name="wide">VEX.W.</param>
    public void VexRaw(
        VectorPrefix prefix, OpcodeMap map, byte opcode, int length, int reg, int vvvv, in Mem memory, int immediate = NoImmediate, bool wide = false) =>
        _next = OptionalImmediate(
            VexEncode(Open(), VectorOpcode(prefix, map, opcode, wide) | LengthBit(length), reg, vvvv, memory, ImmediateCount(immediate)),
            immediate);

    private static byte* OptionalImmediate(byte* p, int immediate) => immediate == NoImmediate ? p : Immediate(p, immediate, 1);

    private static int ImmediateCount(int immediate) => immediate == NoImmediate ? 0 : 1;

    private static uint VectorOpcode(VectorPrefix prefix, OpcodeMap map, byte opcode, bool wide) =>
        opcode | (uint)map << MapShift | (uint)prefix << PrefixShift | (wide ? RexW : 0);

    private static uint LengthBit(int length) => length switch
    {
        128 => 0,
        256 => Vex256,
        _ => throw NoSuchWidth(length),
    };

    private static uint VectorLoadOpcode(VectorMoveOperation operation) => operation switch
    {
        VectorMoveOperation.Movups => Map0F | 0x10,
        VectorMoveOperation.Movaps => Map0F | 0x28,
        VectorMoveOperation.Movdqu => PrefixF3 | Map0F | 0x6F,
        VectorMoveOperation.Movdqa => Prefix66 | Map0F | 0x6F,
        VectorMoveOperation.Movss => PrefixF3 | Map0F | 0x10,
        VectorMoveOperation.Movsd => PrefixF2 | Map0F | 0x10,
        VectorMoveOperation.Movd => Prefix66 | Map0F | 0x6E,
        _ => PrefixF3 | Map0F | 0x7E,
    };

    private static uint VectorStoreOpcode(VectorMoveOperation operation) => operation switch
    {
        VectorMoveOperation.Movups => Map0F | 0x11,
        VectorMoveOperation.Movaps => Map0F | 0x29,
        VectorMoveOperation.Movdqu => PrefixF3 | Map0F | 0x7F,
        VectorMoveOperation.Movdqa => Prefix66 | Map0F | 0x7F,
        VectorMoveOperation.Movss => PrefixF3 | Map0F | 0x11,
        VectorMoveOperation.Movsd => PrefixF2 | Map0F | 0x11,
        VectorMoveOperation.Movd => Prefix66 | Map0F | 0x7E,
        _ => Prefix66 | Map0F | 0xD6,
    };
}
