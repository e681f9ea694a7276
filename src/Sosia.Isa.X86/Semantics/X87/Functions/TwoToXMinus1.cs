using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>F2XM1.</summary>
internal readonly struct TwoToXMinus1 : IX87Function
{
    public static Float80 Apply(Float80 value, ref FpEnvironment env) => Float80Math.TwoToXMinus1(value, ref env);
}
