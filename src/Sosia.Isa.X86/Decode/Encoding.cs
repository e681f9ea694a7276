using System;
using System.Globalization;

namespace Sosia.Isa.X86.Decode;

/// <summary>
/// A row's encoding, parsed from the manual's notation: <c>[NP|66|F3|F2] [REX.W] [REX.B0] [o16|o32|o64] [a16|a32|a64] [VEX.(L0|L1|LIG).66.0F38.(W0|W1|WIG)] [0F [38|3A]] op[+r] [/r|/0–/7|modrm byte[+i]]</c>.
/// </summary>
public sealed class Encoding
{
    /// <summary>Mandatory prefix: any is accepted and keeps its usual meaning.</summary>
    public const sbyte AnyPrefix = -1;

    /// <summary>Mandatory prefix: none of 66, F3, F2.</summary>
    public const sbyte NoPrefix = 0;

    /// <summary>Parses the notation.</summary>
    /// <exception cref="FormatException">The text is not of the form above: a mistake in the table.</exception>
    public Encoding(string text)
    {
        Text = text;
        bool opcodeSeen = false;
        foreach (string token in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (token.StartsWith("VEX.", StringComparison.Ordinal))
            {
                ParseVex(token);
            }
            else if (token == "NP")
            {
                Prefix = NoPrefix;
            }
            else if (token == "REX.W")
            {
                RexW = true;
            }
            else if (token == "REX.B0")
            {
                NoRexB = true;
            }
            else if (token[0] == 'o' && token.Length == 3)
            {
                OperandBits = byte.Parse(token.AsSpan(1), CultureInfo.InvariantCulture);
            }
            else if (token[0] == 'a' && token.Length == 3)
            {
                AddressBits = byte.Parse(token.AsSpan(1), CultureInfo.InvariantCulture);
            }
            else if (token == "/r")
            {
                HasModRm = true;
            }
            else if (token[0] == '/')
            {
                HasModRm = true;
                RegDigit = sbyte.Parse(token.AsSpan(1), CultureInfo.InvariantCulture);
            }
            else
            {
                ParseByte(token, ref opcodeSeen);
            }
        }

        if (!opcodeSeen)
        {
            throw new FormatException($"The encoding '{text}' has no opcode.");
        }
    }

    /// <summary>The notation as written.</summary>
    public string Text { get; }

    /// <summary>0 one-byte opcodes, 1 0F, 2 0F38, 3 0F3A; VEX maps are 4 plus 1, 2, 3.</summary>
    public int Map { get; private set; }

    /// <summary>The opcode byte, with the register field 0 for +r forms.</summary>
    public byte Opcode { get; private set; }

    /// <summary>True when the opcode's low three bits name a register.</summary>
    public bool OpcodeHasRegister { get; private set; }

    /// <summary>0x66, 0xf3 or 0xf2 when mandatory; <see cref="NoPrefix"/> or <see cref="AnyPrefix"/>.</summary>
    public short Prefix { get; private set; } = AnyPrefix;

    /// <summary>True when REX.W (or VEX.W1) is demanded.</summary>
    public bool RexW { get; private set; }

    /// <summary>True when REX.B must be absent (90 is NOP, with REX.B it is XCHG R8, rAX).</summary>
    public bool NoRexB { get; private set; }

    /// <summary>True when VEX.W0 is demanded.</summary>
    public bool VexW0 { get; private set; }

    /// <summary>True for VEX encodings.</summary>
    public bool IsVex => Map >= 4;

    /// <summary>VEX.L demanded: 0 or 1; −1 when either will do.</summary>
    public sbyte VexLength { get; private set; } = -1;

    /// <summary>The operand size demanded, or 0.</summary>
    public byte OperandBits { get; private set; }

    /// <summary>The address size demanded, or 0.</summary>
    public byte AddressBits { get; private set; }

    /// <summary>True when a ModRM byte follows.</summary>
    public bool HasModRm { get; private set; }

    /// <summary>The digit demanded in ModRM.reg, or −1.</summary>
    public sbyte RegDigit { get; private set; } = -1;

    /// <summary>The whole ModRM byte demanded (with 0 in rm for +i forms), or −1.</summary>
    public short ModRmByte { get; private set; } = -1;

    /// <summary>True when ModRM.rm of <see cref="ModRmByte"/> is free (x87 register forms).</summary>
    public bool ModRmHasRegister { get; private set; }

    private void ParseByte(string token, ref bool opcodeSeen)
    {
        bool plusRegister = token.EndsWith("+r", StringComparison.Ordinal);
        bool plusIndex = token.EndsWith("+i", StringComparison.Ordinal);
        byte value = byte.Parse(token.AsSpan(0, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        if (!opcodeSeen && Map == 0 && value is 0x66 or 0xf2 or 0xf3 && Prefix == AnyPrefix && !IsWholeOpcode(token))
        {
            Prefix = value;
        }
        else if (!opcodeSeen && Map == 0 && value == 0x0f)
        {
            Map = 1;
        }
        else if (!opcodeSeen && Map == 1 && value is 0x38 or 0x3a)
        {
            Map = value == 0x38 ? 2 : 3;
        }
        else if (!opcodeSeen)
        {
            Opcode = value;
            OpcodeHasRegister = plusRegister;
            opcodeSeen = true;
        }
        else
        {
            ModRmByte = value;
            ModRmHasRegister = plusIndex;
            HasModRm = true;
        }
    }

    // 66, F2 and F3 are only ever prefixes: no row has them as its opcode.
    private static bool IsWholeOpcode(string token) => token.Length != 2;

    private void ParseVex(string token)
    {
        foreach (string part in token.Split('.'))
        {
            switch (part)
            {
                case "66": Prefix = 0x66; break;
                case "F2": Prefix = 0xf2; break;
                case "F3": Prefix = 0xf3; break;
                case "NP": Prefix = NoPrefix; break;
                case "0F": Map = 5; break;
                case "0F38": Map = 6; break;
                case "0F3A": Map = 7; break;
                case "W1": RexW = true; break;
                case "W0": VexW0 = true; break;
                case "L0": VexLength = 0; break;
                case "L1": VexLength = 1; break;
                case "LIG" or "WIG" or "VEX": break;
                default: throw new FormatException($"The VEX encoding '{token}' has an unknown part '{part}'.");
            }
        }

        if (Prefix == AnyPrefix)
        {
            Prefix = NoPrefix;
        }
    }
}
