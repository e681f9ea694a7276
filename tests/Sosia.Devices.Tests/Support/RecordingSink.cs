using System.Collections.Generic;
using Sosia.Core.Interrupts;

namespace Sosia.Devices.Tests.Support;

/// <summary>Remembers the levels and rising edges of interrupt inputs.</summary>
internal sealed class RecordingSink : IIrqSink
{
    private readonly Dictionary<int, int> _edges = [];
    private readonly HashSet<int> _asserted = [];

    public bool this[int input] => _asserted.Contains(input);

    public int Edges(int input) => _edges.GetValueOrDefault(input);

    public void SetIrq(int input, bool asserted)
    {
        if (asserted)
        {
            _asserted.Add(input);
            _edges[input] = Edges(input) + 1;
        }
        else
        {
            _asserted.Remove(input);
        }
    }
}
