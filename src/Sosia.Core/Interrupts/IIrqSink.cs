namespace Sosia.Core.Interrupts;

/// <summary>Something with numbered interrupt inputs: an interrupt controller or a router.</summary>
public interface IIrqSink
{
    /// <summary>An input changed its level.</summary>
    /// <param name="input">The input's number.</param>
    /// <param name="asserted">The new level.</param>
    void SetIrq(int input, bool asserted);
}
