using System;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sosia.Devices.Apic;

/// <summary>A set of the 256 interrupt vectors: the shape of the IRR, ISR and TMR registers.</summary>
[InlineArray(8)]
internal struct VectorSet
{
    private uint _word;

    public readonly bool Contains(int vector) => (this[vector >> 5] & (1u << (vector & 31))) != 0;

    public void Add(int vector) => this[vector >> 5] |= 1u << (vector & 31);

    public void Remove(int vector) => this[vector >> 5] &= ~(1u << (vector & 31));

    /// <summary>The highest vector in the set, or −1.</summary>
    public readonly int Highest()
    {
        for (int i = 7; i >= 0; i--)
        {
            if (this[i] != 0)
            {
                return (i * 32) + BitOperations.Log2(this[i]);
            }
        }

        return -1;
    }

    public void Clear() => ((Span<uint>)this).Clear();
}
