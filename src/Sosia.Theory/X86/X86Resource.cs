using System;
using System.Globalization;

namespace Sosia.Theory.X86;

/// <summary>One thing that a control program of an x86 grants, withholds or sets.</summary>
internal sealed class X86Resource
{
    private readonly ulong[] _values;
    private readonly Func<ulong, string>? _format;

    /// <summary>Creates a resource.</summary>
    /// <param name="id">Which.</param>
    /// <param name="name">As the manual has it.</param>
    /// <param name="values">What it may be; what occurs more often is there more often. At least two differ.</param>
    /// <param name="withheld">Its value when the control program gives away nothing; null when nothing can be withheld.</param>
    /// <param name="format">Puts a value in words, instead of name and number.</param>
    public X86Resource(X86ResourceId id, string name, ulong[] values, ulong? withheld = null, Func<ulong, string>? format = null)
    {
        Id = id;
        Name = name;
        _values = values;
        Withheld = withheld;
        _format = format;
    }

    /// <summary>Which.</summary>
    public X86ResourceId Id { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its value when the control program gives away nothing; null when nothing can be withheld.</summary>
    public ulong? Withheld { get; }

    /// <summary>Draws a value.</summary>
    public ulong Draw(Random random) => _values[random.Next(_values.Length)];

    /// <summary>Draws a value that differs from a given one.</summary>
    public ulong DrawOther(Random random, ulong value)
    {
        int start = random.Next(_values.Length);
        for (int i = 0; i < _values.Length; i++)
        {
            ulong other = _values[(start + i) % _values.Length];
            if (other != value)
            {
                return other;
            }
        }

        throw new InvalidOperationException($"The resource '{Name}' has one value only.");
    }

    /// <summary>A value in words.</summary>
    public string Format(ulong value)
        => _format?.Invoke(value) ?? (value < 10 ? string.Create(CultureInfo.InvariantCulture, $"{Name} {value}") : string.Create(CultureInfo.InvariantCulture, $"{Name} 0x{value:x}"));
}
