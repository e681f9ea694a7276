using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>FSQRT.</summary>
internal readonly struct SquareRoot : IX87Function
{
    public static Float80 Apply(Float80 value, ref FpEnvironment env) => Float80.SquareRoot(value, ref env);
}
