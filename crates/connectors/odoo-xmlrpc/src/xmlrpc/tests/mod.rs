mod answers;
mod broken;
mod calls;
mod laws;
