using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Sosia.Host.Linux.Probing;

/// <summary>
/// A seccomp filter for a thread that runs foreign code: one system call is let through, from one place in the code; every other one, of any architecture, becomes
/// the signal SIGSYS before the kernel does anything (seccomp(2), SECCOMP_RET_TRAP).
/// </summary>
public static class SystemCallFilter
{
    /// <summary>Bytes of one filter instruction (struct sock_filter).</summary>
    public const int InstructionByteCount = 8;

    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort Return = 0x06;
    private const uint Allow = 0x7fff_0000;
    private const uint Trap = 0x0003_0000;
    private const uint ArchitectureX8664 = 0xc000_003e;

    // Offsets in struct seccomp_data.
    private const uint NumberField = 0;
    private const uint ArchitectureField = 4;
    private const uint InstructionPointerField = 8;

    /// <summary>Makes the filter's program.</summary>
    /// <param name="allowedNumber">The number of the x86-64 system call that is let through.</param>
    /// <param name="returnAddress">The address after the SYSCALL instruction that it is let through from.</param>
    /// <returns>An array of struct sock_filter.</returns>
    public static byte[] Build(int allowedNumber, ulong returnAddress)
    {
        var program = new List<(ushort Code, byte IfTrue, byte IfFalse, uint Value)>
        {
            (LoadWord, 0, 0, ArchitectureField),
            (JumpIfEqual, 0, 7, ArchitectureX8664),
            (LoadWord, 0, 0, NumberField),
            (JumpIfEqual, 0, 5, (uint)allowedNumber),
            (LoadWord, 0, 0, InstructionPointerField),
            (JumpIfEqual, 0, 3, (uint)returnAddress),
            (LoadWord, 0, 0, InstructionPointerField + 4),
            (JumpIfEqual, 0, 1, (uint)(returnAddress >> 32)),
            (Return, 0, 0, Allow),
            (Return, 0, 0, Trap),
        };
        byte[] bytes = new byte[program.Count * InstructionByteCount];
        for (int i = 0; i < program.Count; i++)
        {
            Span<byte> at = bytes.AsSpan(i * InstructionByteCount);
            BinaryPrimitives.WriteUInt16LittleEndian(at, program[i].Code);
            at[2] = program[i].IfTrue;
            at[3] = program[i].IfFalse;
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], program[i].Value);
        }

        return bytes;
    }
}
