using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>DPPS: the sum of the products that the immediate's high half selects, in the elements that its low half selects.</summary>
internal readonly struct Dpps : IVectorFloat
{
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = default;
        return false;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<uint> products = default;
        for (int i = 0; i < 4; i++)
        {
            if ((immediate >> (4 + i) & 1) != 0)
            {
                products = products.WithElement(i, Float32.Multiply(destination.AsUInt32().GetElement(i), source.AsUInt32().GetElement(i), ref env));
            }
        }

        // Unmasked exceptions of one step end the instruction before the next (SDM vol. 2, DPPS).
        if (env.HasUnmasked)
        {
            return default;
        }

        Vector128<uint> pairs = AddNeighbours(products, swap: 1, ref env);
        return env.HasUnmasked ? default : Blendps.Compute(Vector128<byte>.Zero, AddNeighbours(pairs, swap: 2, ref env).AsByte(), immediate);
    }

    // Each element plus one of the others. All four end with the same sum, but with several NaNs the operands' order tells: this is the order of Intel's processors.
    private static Vector128<uint> AddNeighbours(Vector128<uint> values, int swap, ref FpEnvironment env)
    {
        Vector128<uint> sums = default;
        for (int i = 0; i < 4; i++)
        {
            uint own = values.GetElement(i);
            uint other = values.GetElement(i ^ swap);
            sums = sums.WithElement(i, swap == 1 ? Float32.Add(other, own, ref env) : Float32.Add(own, other, ref env));
        }

        return sums;
    }
}
