using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>An arithmetic operation on ST(0) and another operand, wherever the result goes.</summary>
internal interface IX87Operation
{
    /// <summary>Computes the result.</summary>
    static abstract Float80 Apply(Float80 top, Float80 other, ref FpEnvironment env);
}
