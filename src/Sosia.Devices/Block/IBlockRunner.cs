namespace Sosia.Devices.Block;

/// <summary>
/// Decides when and where a request's host I/O happens. Whoever runs it calls <see cref="VirtioBlockRequest.Execute"/> on any one
/// thread and then <see cref="VirtioBlockDevice.Complete"/> on the machine's thread.
/// </summary>
public interface IBlockRunner
{
    /// <summary>A request is ready to run. It stays the runner's until it is completed.</summary>
    void Submit(VirtioBlockRequest request);
}
