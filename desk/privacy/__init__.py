"""Privacy: how long what is kept, what a patient may ask for, who has looked."""
