using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>FRNDINT.</summary>
internal readonly struct RoundToIntegral : IX87Function
{
    public static Float80 Apply(Float80 value, ref FpEnvironment env) => Float80.RoundToIntegral(value, ref env);
}
