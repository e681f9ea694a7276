using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;

namespace Sosia.Isa.X86.Tests.Valgrind;

/// <summary>
/// A line <c>mnemonic [presets :] operands => results</c>. Operands are in AT&amp;T order; results name registers or number operands.
/// </summary>
internal sealed partial class ValgrindCase
{
    private const int MemoryOperandSpacing = 32;

    public ValgrindCase(string line)
    {
        Line = line;
        string[] sides = line.Split("=>");
        Mnemonic = sides[0].Split(' ')[0];
        string inputs = sides[0][Mnemonic.Length..];
        int colon = inputs.IndexOf(':');
        Presets = Parse(colon < 0 ? "" : inputs[..colon]);
        Operands = Parse(inputs[(colon + 1)..]);
        Results = Parse(sides.Length > 1 ? sides[1] : "");
        Place();
    }

    /// <summary>The whole line.</summary>
    public string Line { get; }

    public string Mnemonic { get; }

    /// <summary>Registers and flags that the instruction uses without naming them.</summary>
    public List<ValgrindOperand> Presets { get; }

    /// <summary>What the instruction's text names.</summary>
    public List<ValgrindOperand> Operands { get; }

    /// <summary>What has to hold afterwards.</summary>
    public List<ValgrindOperand> Results { get; }

    /// <summary>The instruction in AT&amp;T syntax.</summary>
    /// <param name="codeBits">32 or 64.</param>
    public string ToText(int codeBits)
    {
        IEnumerable<string> operands = Operands.Select(
            o => o.Name.StartsWith("imm", StringComparison.Ordinal) ? "$" + o.Values[0] : o.Place.ToText(codeBits));
        return $"{Mnemonic} {string.Join(", ", operands)}";
    }

    [GeneratedRegex(@"(?<name>\w+)(\.(?<type>\w+))?\[(?<value>[^\]]*)\]")]
    private static partial Regex Operand();

    private static List<ValgrindOperand> Parse(string text) =>
        [.. Operand().Matches(text).Select(m => new ValgrindOperand(m.Groups["name"].Value, m.Groups["type"].Value, m.Groups["value"].Value.Split(',')))];

    private void Place()
    {
        var taken = new HashSet<int>();
        foreach (ValgrindOperand named in Presets.Concat(Operands).Concat(Results))
        {
            if (char.IsAsciiDigit(named.Name[0]) || named.IsWord)
            {
                continue;
            }

            if (named.Name.StartsWith("st", StringComparison.Ordinal))
            {
                named.Place = new(ValgrindPlaceKind.X87, named.Name[2] - '0', 10);
            }
            else if (ValgrindPlace.OfGeneral(named.Name) is { Kind: not ValgrindPlaceKind.None } place)
            {
                named.Place = place;
                taken.Add(place.Number);
            }
        }

        int memoryOperands = 0;
        int vectors = 0;
        foreach (ValgrindOperand any in Operands)
        {
            if (any.Place.Kind != ValgrindPlaceKind.None || any.Name.StartsWith("imm", StringComparison.Ordinal))
            {
                continue;
            }

            string name = any.Name;
            if (name is "mm" or "xmm")
            {
                any.Place = name == "mm" ? new(ValgrindPlaceKind.Mmx, ++vectors, 8) : new(ValgrindPlaceKind.Xmm, ++vectors, 16);
                continue;
            }

            int byteCount = int.Parse(name.AsSpan(1), CultureInfo.InvariantCulture) / 8;
            if (name[0] == 'm')
            {
                any.Place = new(ValgrindPlaceKind.Memory, MemoryOperandSpacing * memoryOperands++, byteCount);
                continue;
            }

            int number = Enumerable.Range(0, 4).First(taken.Add);
            any.Place = new(ValgrindPlaceKind.General, number, byteCount);
        }

        foreach (ValgrindOperand result in Results.Where(r => char.IsAsciiDigit(r.Name[0])))
        {
            result.Place = Operands[int.Parse(result.Name, CultureInfo.InvariantCulture)].Place;
        }
    }
}
