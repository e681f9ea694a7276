using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>FSQRT.</summary>
internal readonly struct SquareRoot : IX87Function
{
    public static Float80 Apply(Float80 value, ref FpEnvironment env) => Float80.SquareRoot(value, ref env);
}

/// <summary>FRNDINT.</summary>
internal readonly struct RoundToIntegral : IX87Function
{
    public static Float80 Apply(Float80 value, ref FpEnvironment env) => Float80.RoundToIntegral(value, ref env);
}

/// <summary>FABS: raises nothing, whatever the value.</summary>
internal readonly struct Magnitude : IX87Function
{
    public static Float80 Apply(Float80 value, ref FpEnvironment env) => value.Abs();
}

/// <summary>FCHS: raises nothing, whatever the value.</summary>
internal readonly struct ChangeSign : IX87Function
{
    public static Float80 Apply(Float80 value, ref FpEnvironment env) => value.Negate();
}

/// <summary>F2XM1.</summary>
internal readonly struct TwoToXMinus1 : IX87Function
{
    public static Float80 Apply(Float80 value, ref FpEnvironment env) => Float80Math.TwoToXMinus1(value, ref env);
}
