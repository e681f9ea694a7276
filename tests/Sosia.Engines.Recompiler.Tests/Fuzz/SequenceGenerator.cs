using System;
using System.Collections.Generic;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.Tests.Fuzz;

namespace Sosia.Engines.Recompiler.Tests.Fuzz;

/// <summary>
/// Makes loops of random instructions from the instruction table, for <see cref="FuzzMachine"/>: mostly with operands that lead somewhere, with
/// branches, system instructions, writes into the code itself and into the page tables mixed in. Behind the loop stand handlers of faults, which
/// go on at some instruction of it.
/// </summary>
internal sealed class SequenceGenerator
{
    /// <summary>Where the handlers of faults stand in the code, one for each of the first 32 vectors.</summary>
    public const int Handlers = 0x900;

    /// <summary>How far they are apart.</summary>
    public const int HandlerByteCount = 0x30;

    /// <summary>How many there are.</summary>
    public const int HandlerCount = 32;

    /// <summary>Where memory operands mostly lead.</summary>
    public const uint Scratch = 0x10_0000;

    /// <summary>The selector of 32-bit code at ring 0 in long mode; that at ring 3 is the next.</summary>
    public const uint CompatibilityCode = 0x30;

    private const int MaxByteCount = Handlers - 128;
    private const uint Stack = 0x1_8000;

    private readonly Random _random;
    private readonly int _codeBits;
    private readonly InstructionGenerator _instructions;
    private readonly CodeBytes _code = new();
    private readonly List<int> _starts = [];
    private readonly int _ring;
    private readonly bool _isWild;
    private readonly string? _family;
    private readonly bool _isCompatibility;

    private SequenceGenerator(int seed, CpuMode mode, int ring, string? family)
    {
        int codeBits = mode == CpuMode.Long ? 64 : 32;
        _family = family;
        _random = new Random(seed);
        _ring = ring;
        _isCompatibility = mode == CpuMode.Compatibility;
        _isWild = _random.Next(6) == 0;
        _codeBits = codeBits;
        _instructions = new InstructionGenerator(_random, Scratch);
    }

    /// <summary>Makes a loop.</summary>
    /// <param name="seed">Determines it.</param>
    /// <param name="mode">A mode of 64- or 32-bit code.</param>
    /// <param name="ring">The privilege level that it runs at.</param>
    /// <param name="family">The rows that four of five instructions are to be of; null for no preference.</param>
    public static byte[] Make(int seed, CpuMode mode, int ring, string? family = null) => new SequenceGenerator(seed, mode, ring, family).Make();

    private byte[] Make()
    {
        int count = _random.Next(4, 100);
        SetRegister(4, Stack);
        for (int i = 0; i < count && _code.Length < MaxByteCount; i++)
        {
            _starts.Add(_code.Length);
            AddSomething();
        }

        // Back to the start: what is executed again and again is translated.
        int distance = -(_code.Length + 5);
        _code.Add(0xe9).Add32((uint)distance);
        byte[] page = new byte[Handlers + (HandlerCount * HandlerByteCount)];
        _code.ToArray().CopyTo(page, 0);
        for (int vector = 0; vector < HandlerCount; vector++)
        {
            Handler().CopyTo(page, Handlers + (vector * HandlerByteCount));
        }

        return page;
    }

    // push ss, sp, flags, cs, ip; iret: on, somewhere in the loop. In long mode handlers are 64-bit code.
    private byte[] Handler()
    {
        var code = new CodeBytes();
        uint flags = 2 | ((uint)_random.Next(0x1000) & 0xcd5);
        uint at = (uint)FuzzMachine.Code + (uint)_starts[_random.Next(_starts.Count)];
        uint codeSelector = _isCompatibility ? (_ring == 0 ? CompatibilityCode : CompatibilityCode + 0xb) : _ring == 0 ? 8u : 0x1b;
        foreach (uint value in (ReadOnlySpan<uint>)[_ring == 0 ? 0x10u : 0x23, Stack, flags, codeSelector, at])
        {
            code.Add(0x68).Add32(value);
        }

        return _codeBits == 64 || _isCompatibility ? code.Add(0x48, 0xcf).ToArray() : code.Add(0xcf).ToArray();
    }

    // What makes the rest of a loop pointless: the tables, control registers and model-specific registers are nonsense from then on.
    private static bool IsFatal(InstructionRow row)
        => row.Mnemonic is "lgdt" or "lidt" or "lldt" or "ltr" or "lmsw" or "wrmsr" or "xsetbv" or "hlt"
            || Array.Exists(row.Operands, static o => o.Kind is OperandKind.ControlReg or OperandKind.DebugReg);

    private uint Here => (uint)FuzzMachine.Code + (uint)_code.Length;

    private void AddSomething()
    {
        if (_family is not null && _random.Next(5) != 0)
        {
            AddInstruction(row => row.Family == _family);
            return;
        }

        switch (_random.Next(100))
        {
            case < 5:
                WriteIntoCode();
                break;
            case < 8:
                EditPageTable();
                break;
            case < 16:
                // Over what follows, if the condition holds.
                _code.Add((byte)(0x70 | _random.Next(16)), (byte)_random.Next(0, 24));
                break;
            case < 20:
                LoadSegment();
                break;
            case < 22:
                // A call of the next instruction, or a jump to it.
                _code.Add(_random.Next(2) == 0 ? (byte)0xe8 : (byte)0xe9).Add32(0);
                break;
            case < 27:
                AddInstruction(row => row.Virtualization != VirtualizationClass.Innocuous && (_isWild || !IsFatal(row)));
                break;
            default:
                AddInstruction(static row => row.Virtualization == VirtualizationClass.Innocuous);
                break;
        }
    }

    private void AddInstruction(Func<InstructionRow, bool> isWanted)
    {
        while (true)
        {
            InstructionRow row = InstructionTable.Rows[_random.Next(InstructionTable.Rows.Length)];
            if (!isWanted(row))
            {
                continue;
            }

            int operandBits = 16 << _random.Next(3);
            // The registers that lead its operand to the scratch area are set before it; how long that is, is known only then.
            if (_instructions.Make(row, _codeBits, operandBits, _random.Next(3) == 0, Here) is { } instruction)
            {
                // Sometimes the operand leads wherever the registers happen to.
                if (_random.Next(16) != 0 && !instruction.Decoded.IsRipRelative)
                {
                    SetRegister(instruction.Base.Register, instruction.Base.Value);
                    SetRegister(instruction.Index.Register, instruction.Index.Value);
                }

                _code.Add(instruction.Bytes);
                return;
            }
        }
    }

    private void SetRegister(int register, ulong value)
    {
        if (register < 0)
        {
            return;
        }

        if (_codeBits == 64)
        {
            _code.Add((byte)(0x48 | (register >> 3)));
        }

        _code.Add((byte)(0xb8 | (register & 7))).AddInteger(value, _codeBits / 8);
    }

    // mov segment, a selector of one of the first descriptors, some of which are not flat
    private void LoadSegment()
    {
        ReadOnlySpan<int> numbers = [0, 2, 3, 4, 5];
        SetRegister(0, ((uint)_random.Next(12) << 3) | (uint)_ring);
        _code.Add(0x8e, (byte)(0xc0 | (numbers[_random.Next(5)] << 3)));
    }

    // mov byte/dword [somewhere in the code], something
    private void WriteIntoCode()
    {
        bool isByte = _random.Next(3) != 0;
        int byteCount = isByte ? 7 : 10;
        uint target = (uint)FuzzMachine.Code + (uint)(_random.Next(3) == 0 ? _code.Length + byteCount + _random.Next(20) : _random.Next(_code.Length + 200));
        _code.Add(isByte ? (byte)0xc6 : (byte)0xc7, 0x05).Add32(_codeBits == 64 ? target - (Here + (uint)byteCount - 2) : target);
        _code.AddInteger(_random.Next(2) == 0 ? 0x9090_9090 : (uint)_random.Next(), isByte ? 1 : 4);
    }

    // mov [a page's entry], another one; invlpg, sometimes
    private void EditPageTable()
    {
        bool isWide = _codeBits == 64;
        uint page = _random.Next(2) == 0 ? (Scratch >> 12) + (uint)_random.Next(4) : (uint)_random.Next(0x40, 0x200);
        ulong entry = ((ulong)(_random.Next(4) == 0 ? (uint)_random.Next(0x20, 0x200) : page) << 12) | (_random.Next(4) == 0 ? (uint)_random.Next(8) : 7);
        SetRegister(0, entry);
        SetRegister(3, FuzzMachine.PageTables + 0x3000 + (page * (isWide ? 8u : 4u)));
        if (isWide)
        {
            _code.Add(0x48);
        }

        _code.Add(0x89, 0x03);
        if (_random.Next(4) != 0)
        {
            SetRegister(3, page << 12);
            _code.Add(0x0f, 0x01, 0x3b);
        }
    }
}
