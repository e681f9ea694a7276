using Xunit;

namespace Sosia.SoftFloat.Tests;

/// <summary>The hardware routes of binary32 and binary64 against the software route: same bits, same flags.</summary>
public sealed class FastRouteTests
{
    private const int Cases = 60_000;

    private delegate ulong Operation(ulong a, ulong b, ulong c, ref FpEnvironment env);

    public static TheoryData<string> Names() => ["add", "sub", "mul", "div", "sqrt", "fma", "to other", "to int32", "to int64", "from int64"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Binary32_routes_agree(string name)
    {
        (Operation Fast, Operation Slow) routes = name switch
        {
            "add" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float32.Add((uint)a, (uint)b, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Binary<Binary32>.Add(a, b, false, ref e)),
            "sub" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float32.Subtract((uint)a, (uint)b, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Binary<Binary32>.Add(a, b, true, ref e)),
            "mul" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float32.Multiply((uint)a, (uint)b, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Binary<Binary32>.Multiply(a, b, ref e)),
            "div" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float32.Divide((uint)a, (uint)b, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Binary<Binary32>.Divide(a, b, ref e)),
            "sqrt" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float32.SquareRoot((uint)a, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Binary<Binary32>.SquareRoot(a, ref e)),
            "fma" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float32.FusedMultiplyAdd((uint)a, (uint)b, (uint)c, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Binary<Binary32>.FusedMultiplyAdd(a, b, c, ref e)),
            "to other" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float32.ToFloat64((uint)a, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Convert<Binary32, Binary64>(a, ref e)),
            "to int32" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => (uint)Float32.ToInt32((uint)a, e.Rounding, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => ToInteger<Binary32>(a, int.MaxValue, ref e)),
            "to int64" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => (ulong)Float32.ToInt64((uint)a, e.Rounding, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => ToInteger<Binary32>(a, long.MaxValue, ref e)),
            _ => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float32.FromInt64((long)(a * c), ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => FromInteger<Binary32>((long)(a * c), ref e)),
        };
        Compare(routes.Fast, routes.Slow, new Operands(32), static o => o.NextFloat32());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Binary64_routes_agree(string name)
    {
        (Operation Fast, Operation Slow) routes = name switch
        {
            "add" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float64.Add(a, b, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Binary<Binary64>.Add(a, b, false, ref e)),
            "sub" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float64.Subtract(a, b, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Binary<Binary64>.Add(a, b, true, ref e)),
            "mul" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float64.Multiply(a, b, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Binary<Binary64>.Multiply(a, b, ref e)),
            "div" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float64.Divide(a, b, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Binary<Binary64>.Divide(a, b, ref e)),
            "sqrt" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float64.SquareRoot(a, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Binary<Binary64>.SquareRoot(a, ref e)),
            "fma" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float64.FusedMultiplyAdd(a, b, c, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Binary<Binary64>.FusedMultiplyAdd(a, b, c, ref e)),
            "to other" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float64.ToFloat32(a, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => Convert<Binary64, Binary32>(a, ref e)),
            "to int32" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => (uint)Float64.ToInt32(a, e.Rounding, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => ToInteger<Binary64>(a, int.MaxValue, ref e)),
            "to int64" => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => (ulong)Float64.ToInt64(a, e.Rounding, ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => ToInteger<Binary64>(a, long.MaxValue, ref e)),
            _ => ((ulong a, ulong b, ulong c, ref FpEnvironment e) => Float64.FromInt64((long)a >> (int)(c & 63), ref e),
                (ulong a, ulong b, ulong c, ref FpEnvironment e) => FromInteger<Binary64>((long)a >> (int)(c & 63), ref e)),
        };
        Compare(routes.Fast, routes.Slow, new Operands(64), static o => o.NextFloat64());
    }

    private static void Compare(Operation fast, Operation slow, Operands operands, System.Func<Operands, ulong> next)
    {
        for (int i = 0; i < Cases; i++)
        {
            ulong a = next(operands);
            ulong b = next(operands);
            ulong c = next(operands);
            uint mxcsr = (uint)(operands.Next(4) == 0 ? operands.Next(0x10000) : 0x1F80 | (operands.Next(2) << 5));
            FpEnvironment fastEnv = FpEnvironment.FromMxcsr(mxcsr, accumulate: true);
            FpEnvironment slowEnv = fastEnv;
            ulong actual = fast(a, b, c, ref fastEnv);
            ulong expected = slow(a, b, c, ref slowEnv);
            if (actual != expected || fastEnv.Flags != slowEnv.Flags)
            {
                Assert.Fail($"{a:X} {b:X} {c:X} MXCSR {mxcsr:X4}: fast {actual:X} {fastEnv.Flags}, slow {expected:X} {slowEnv.Flags}");
            }
        }
    }

    private static ulong Convert<TFrom, TTo>(ulong a, ref FpEnvironment env)
        where TFrom : struct, IBinaryFormat
        where TTo : struct, IBinaryFormat
    {
        Binary<TFrom>.Unpack(a, env.DenormalsAreZero, out Value value);
        return Binary<TTo>.Convert(value, raiseDenormal: true, ref env);
    }

    private static ulong ToInteger<TFormat>(ulong a, long maximum, ref FpEnvironment env)
        where TFormat : struct, IBinaryFormat
    {
        ulong limit = (ulong)maximum + 1;
        bool valid = Binary<TFormat>.ToInteger(a, env.Rounding, limit, (ulong)maximum, ref env, out long integer);
        ulong mask = (limit << 1) - 1;
        return (valid ? (ulong)integer : limit) & mask;
    }

    private static ulong FromInteger<TFormat>(long value, ref FpEnvironment env)
        where TFormat : struct, IBinaryFormat =>
        Binary<TFormat>.FromInteger(value < 0, value < 0 ? 0 - (ulong)value : (ulong)value, ref env);
}
