using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>FADD.</summary>
internal readonly struct AddOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Add(top, other, ref env);
}

/// <summary>FMUL.</summary>
internal readonly struct MultiplyByOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Multiply(top, other, ref env);
}

/// <summary>ST(0) minus the other: FSUB into ST(0), FSUBR into ST(i).</summary>
internal readonly struct SubtractOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Subtract(top, other, ref env);
}

/// <summary>The other minus ST(0): FSUBR into ST(0), FSUB into ST(i).</summary>
internal readonly struct SubtractFromOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Subtract(other, top, ref env);
}

/// <summary>ST(0) divided by the other: FDIV into ST(0), FDIVR into ST(i).</summary>
internal readonly struct DivideByOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Divide(top, other, ref env);
}

/// <summary>The other divided by ST(0): FDIVR into ST(0), FDIV into ST(i).</summary>
internal readonly struct DivideOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Divide(other, top, ref env);
}

/// <summary>FSCALE: the other is ST(1).</summary>
internal readonly struct ScaleByOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80.Scale(top, other, ref env);
}

/// <summary>FPATAN: the other is ST(1).</summary>
internal readonly struct ArcTangentOfOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80Math.ArcTangent(other, top, ref env);
}

/// <summary>FYL2X: the other is ST(1).</summary>
internal readonly struct LogarithmByOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80Math.YLog2X(other, top, ref env);
}

/// <summary>FYL2XP1: the other is ST(1).</summary>
internal readonly struct LogarithmPlus1ByOther : IX87Operation
{
    public static Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env) => Float80Math.YLog2XPlus1(other, top, ref env);
}
