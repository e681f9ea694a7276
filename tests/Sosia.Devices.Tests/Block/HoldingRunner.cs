using System.Collections.Generic;
using Sosia.Devices.Block;

namespace Sosia.Devices.Tests.Block;

/// <summary>Holds requests back, as a worker thread does while the host's disk is slow.</summary>
internal sealed class HoldingRunner : IBlockRunner
{
    private readonly List<VirtioBlockRequest> _held = [];

    public int Count => _held.Count;

    public void Submit(VirtioBlockRequest request) => _held.Add(request);

    /// <summary>Runs one of the held requests, in any order.</summary>
    public void Release(int index)
    {
        VirtioBlockRequest request = _held[index];
        _held.RemoveAt(index);
        request.Execute();
        request.Device.Complete(request);
    }
}
