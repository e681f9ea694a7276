using Sosia.Devices.Sound;

namespace Sosia.Machines;

/// <summary>Which sound devices a machine has, and where one hears them.</summary>
/// <param name="Devices">The devices; at least one.</param>
/// <param name="Sink">Takes the sound of all of them, on the machine's thread.</param>
public sealed record SoundOptions(SoundDevices Devices, ISoundSink Sink);
